"""Interests and texts of a project: learned from the log as of an instant, kept as artefacts, told of everybody, published as traits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from msgspec import Struct, structs

from coterie.engine import definitions
from coterie.engine.history import History
from coterie.engine.holding import holding
from coterie.engine.learning.models import FOLDER, libraries, models_of
from coterie.engine.learning.publication import Rows, TraitsWritten, publish_traits, put_traits
from coterie.engine.learning.renewal import news
from coterie.engine.learning.telling import Told, quiet
from coterie.engine.project import Project
from coterie.errors import NotFound, Problem, nearest
from coterie.features.psychographic.interests import Interests, fit_interests
from coterie.features.psychographic.tone import Lexicon, english, read_lexicon
from coterie.features.psychographic.wording import Wording, fit_wording, stop_words
from coterie.features.table import FeatureTable
from coterie.learned.artefact import Artefact
from coterie.learned.definition import InterestsModel, TextModel
from coterie.learned.parse import definition_of
from coterie.learned.words import Picked, events_of
from coterie.model import Value
from coterie.segments.core import EVER, Rolling
from coterie.segments.durations import us_of
from coterie.segments.parse.folder import text_of as text_in
from coterie.segments.parse.written import data_of
from coterie.values import parse, text_of

Psychographic: TypeAlias = InterestsModel | TextModel
DIGITS = 6
"""Decimals of a trait."""


class Ruled(Struct, frozen=True, kw_only=True):
    """A version that is in force, what it says of everybody with events for it, and what was written of that."""

    artefact: Artefact
    table: FeatureTable
    written: TraitsWritten


def fit(project: Project, model: Psychographic, at: int, told: Told = quiet) -> Artefact:
    """Return the model fitted on what had arrived by ``at``; it is neither saved nor published.

    Raises: Problem for too few people or words in common, and when the extra ``learning`` is not installed. Cost: one scan of the log.
    """
    told("reading events", 0.1)
    people = _read(project, model, at)
    told(f"learning from {len(people):,} people", 0.5)
    if isinstance(model, InterestsModel):
        found = fit_interests(
            {one: _counted(values) for one, values in people.items()},
            people_min=model.people_min, dimensions=model.dimensions, least=model.least,
        )  # fmt: skip
        terms, kept, axes = found.terms, found.parameters(), found.axes
        quality = {"categories": len(terms.terms), "kept": sum(axes.shares), "axes": list(axes.names)}
    else:
        _lexicon(project, model)
        stopped = (*stop_words(model.language), *(one.lower() for one in model.stop_words or ()))
        words = fit_wording(
            {one: _texts(values) for one, values in people.items()},
            people_min=model.people_min, dimensions=model.dimensions, topics=model.topics, stopped=stopped, seed=model.seed,
        )  # fmt: skip
        terms, kept, axes = words.terms, words.parameters(), words.axes
        quality = {"words": len(terms.terms), "kept": sum(axes.shares), "topics": list(words.topics.names)}
    window = us_of(model.within) if model.within else 0
    return Artefact(
        kind=model.kind, key=model.key, title=model.title, fitted_at=project.wall(), as_of=at,
        since=at - window if window else 0, people=len(people), definition=data_of(model), seed=model.seed,
        parameters=kept, quality=quality, valid_until=at + us_of(model.valid_for),
        libraries=libraries("numpy", "scipy", "scikit-learn", "vaderSentiment"),
    )  # fmt: skip


def scored(project: Project, artefact: Artefact, at: int) -> FeatureTable:
    """Return what a version says of everybody with events for it by ``at``. Raises: Problem for a lexicon that is gone."""
    model = definition_of(artefact)
    if isinstance(model, InterestsModel):
        people = {one: _counted(values) for one, values in _read(project, model, at).items()}
        table = Interests.of(artefact.parameters).table(people, at)
    elif isinstance(model, TextModel):
        texts = {one: _texts(values) for one, values in _read(project, model, at).items()}
        table = Wording.of(artefact.parameters).table(texts, _lexicon(project, model), at)
    else:
        raise Problem(
            "neither interests nor texts", where=artefact.key, received=artefact.kind, allowed="interests, text"
        )
    return structs.replace(table, feature_set=artefact.key, version=artefact.version)


def traits_of(artefact: Artefact, table: FeatureTable) -> Rows:
    """Return the traits of everybody in a table: each column as ``<column>.<model>``, and ``<kind>_version.<model>``.

    What cannot be said is removed rather than left as it was.
    """
    columns = [(f"{one.name}.{artefact.key}", one.values.tolist()) for one in table.columns]
    version = f"{artefact.kind}_version.{artefact.key}"
    rows: list[tuple[str, Mapping[str, Value]]] = []
    for place, profile in enumerate(table.profiles.tolist()):
        told: dict[str, Value] = {name: _plain(values[place]) for name, values in columns}
        rows.append((profile, {**told, version: artefact.version}))
    return rows


@holding("publish")
def publish(
    project: Project, kind: str, key: str, version: int | None = None, *, by: str = "", told: Told = quiet
) -> Ruled:
    """The version (the newest when not said) is published, and everybody with events for it has its traits at the next instant.

    Traits of people of whom it says nothing any more are removed. Publishing again brings everybody up to date, and writes what is
    new. Raises: NotFound, Held while a server runs. Cost: two scans, 5 µs per person.
    """
    at = project.next_instant()
    artefact, table, rows = _readied(project, kind, key, version, at, by, told)
    done = publish_traits(project, rows, at, label=f"{kind}.{key}@{artefact.version}")
    return Ruled(artefact=artefact, table=table, written=done)


def publish_served(
    runner: Any, kind: str, key: str, version: int | None = None, *, by: str = "", told: Told = quiet
) -> Ruled:
    """As ``publish`` where a server runs: through its runner. Raises: NotFound, Transient."""
    runner.land()
    at = runner.status().advanced_to
    artefact, table, rows = _readied(runner.project, kind, key, version, at, by, told)
    return Ruled(
        artefact=artefact, table=table, written=put_traits(runner, rows, at, label=f"{kind}.{key}@{artefact.version}")
    )


def _readied(
    project: Project, kind: str, key: str, version: int | None, at: int, by: str, told: Told
) -> tuple[Artefact, FeatureTable, Rows]:
    store = models_of(project)
    artefact = store.load(kind, key, version)
    told("looking at everybody", 0.1)
    table = scored(project, artefact, at)
    rows = news(project, artefact, traits_of(artefact, table), at)
    store.publish(kind, key, artefact.version, project.wall(), by=by)
    told("writing traits", 0.6)
    return artefact, table, rows


# ── the log ──────────────────────────────────────────────────────────────────────────────────────────────────


def _read(project: Project, model: Psychographic, at: int) -> dict[str, list[tuple[Value, int]]]:
    """Return profile → (value, how many events) of the property that a model reads, as known at ``at``."""
    picked: Picked = model.looked if isinstance(model, InterestsModel) else model.said
    field = model.category if isinstance(model, InterestsModel) else model.text
    selector = events_of(picked).picker.selector(project.settings.time_zone)
    window = Rolling(us_of(model.within)) if model.within else EVER
    with History(project.events) as history:
        rows = history.levels(selector, field, at, window)
        inside = None
        if model.population is not None:
            catalog = definitions.catalog(project, definitions.candidates(project))
            if model.population not in catalog:
                hint = nearest(model.population, catalog.keys)
                raise NotFound(f"no segment {model.population!r}", hint=hint)
            inside = history.members_at(catalog, model.population, at)
    found: dict[str, list[tuple[Value, int]]] = {}
    columns = (rows.column(name).to_pylist() for name in ("profile", "value", "events"))
    for profile, value, events in sorted(zip(*columns, strict=True)):
        if inside is None or profile in inside:
            found.setdefault(profile, []).append((parse(value), events))
    if not found:
        hint = f"is {field!r} a property of these events, and had any arrived by then?"
        raise Problem("nobody has such an event", where=model.key, received=events_of(picked).says(), hint=hint)
    return found


def _counted(values: Sequence[tuple[Value, int]]) -> dict[str, float]:
    counts: dict[str, float] = {}
    for value, events in values:
        for one in value if isinstance(value, list) else [value]:
            if text := text_of(one):
                counts[text] = counts.get(text, 0.0) + events
    return counts


def _texts(values: Sequence[tuple[Value, int]]) -> list[str]:
    """Return the texts of a person; the same words twice are one text."""
    return [text for value, _ in values if isinstance(value, str) and (text := value.strip())]


def _lexicon(project: Project, model: TextModel) -> Lexicon | None:
    """Return the lexicon of a model; none for another language without one. Raises: Problem, NotFound."""
    if model.lexicon is None:
        return english() if model.language == "en" else None
    folder = project.root / FOLDER
    known = {one.name: one for one in folder.iterdir() if one.is_file()} if folder.is_dir() else {}
    if model.lexicon not in known:  # a name is looked up among those that are there, never followed as a path
        hint = nearest(model.lexicon, known)
        raise Problem("no such file", where=f"{FOLDER}/{model.key}.yaml: lexicon", received=model.lexicon,
                      allowed=f"a file in {FOLDER}/", hint=hint)  # fmt: skip
    return read_lexicon(text_in(known[model.lexicon]), f"{FOLDER}/{model.lexicon}")


def _plain(value: object) -> Value:
    if isinstance(value, float):
        return round(value, DIGITS) + 0.0 if np.isfinite(value) else None
    return value  # type: ignore[return-value]  # a text or None
