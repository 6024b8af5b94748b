"""Traits of a published model: written where something else is to be said than people have, and taken back when it is withdrawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from coterie.engine.history import History
from coterie.engine.holding import holding
from coterie.engine.learning.models import models_of
from coterie.engine.learning.publication import Rows, TraitsWritten, publish_traits, put_traits
from coterie.engine.project import Project
from coterie.errors import NotFound
from coterie.features.psychographic.interests import Interests
from coterie.features.psychographic.wording import Wording
from coterie.learned.artefact import Artefact
from coterie.model import Value
from coterie.segments.core import Trait
from coterie.values import canonical

TRAITS: Mapping[str, tuple[str, ...]] = {
    "value": ("expected_purchases", "p_alive", "clv"),
    "propensity": ("propensity",),
    "lookalike": ("lookalike",),
}
"""Kind → what its models publish, beside ``<kind>_version``; the columns of interests and texts stand in the artefact."""


def names_of(artefact: Artefact) -> tuple[str, ...]:
    """Return the traits that a model publishes: each ends with a dot and the model's key."""
    if artefact.kind in TRAITS:
        columns: Iterable[str] = TRAITS[artefact.kind]
    else:
        columns = (Interests if artefact.kind == "interests" else Wording).of(artefact.parameters).columns
    return tuple(f"{one}.{artefact.key}" for one in (*columns, f"{artefact.kind}_version"))


def news(project: Project, artefact: Artefact, told: Rows, at: int) -> Rows:
    """Return (profile, traits) of everybody of whom something else is to be written than they have at ``at``.

    Who is not in ``told`` any more loses the traits. Cost: one scan of the log.
    """
    present = _present(project, names_of(artefact), at)
    rows: list[tuple[str, Mapping[str, Value]]] = []
    for who, traits in told:
        had = present.pop(who, {})
        kept = {name: value for name, value in traits.items() if value is not None or name in had}
        if any((None if value is None else canonical(value)) != had.get(name) for name, value in kept.items()):
            rows.append((who, kept))
    return [*rows, *((who, dict.fromkeys(had)) for who, had in present.items())]


@holding("withdraw")
def withdraw(project: Project, kind: str, key: str, *, by: str = "") -> TraitsWritten:
    """No version is published, and nobody has its traits any more. Raises: NotFound when none was, Held while a server runs."""
    at = project.next_instant()
    rows, label = _withdrawn(project, kind, key, at, by)
    return publish_traits(project, rows, at, label=label)


def withdraw_served(runner: Any, kind: str, key: str, *, by: str = "") -> TraitsWritten:
    """As ``withdraw`` where a server runs: through its runner. Raises: NotFound, Transient."""
    runner.land()
    at = runner.status().advanced_to
    rows, label = _withdrawn(runner.project, kind, key, at, by)
    return put_traits(runner, rows, at, label=label)


def _withdrawn(project: Project, kind: str, key: str, at: int, by: str) -> tuple[Rows, str]:
    store = models_of(project)
    version = store.published_version(kind, key)
    if version is None:
        raise NotFound(f"no version of {key!r} is published", hint="see them: coterie models list")
    present = _present(project, names_of(store.load(kind, key, version)), at)
    store.withdraw(kind, key, project.wall(), by=by)
    return [(who, dict.fromkeys(had)) for who, had in present.items()], f"{kind}.{key}@{version}-withdrawn"


def _present(project: Project, names: Sequence[str], at: int) -> dict[str, dict[str, str]]:
    """Return person → those of the traits that they have, as canonical JSON."""
    with History(project.events) as history:
        rows = history.measures([], at, values=[Trait(name) for name in names])
    profiles = rows.column("profile").to_pylist()
    found: dict[str, dict[str, str]] = {}
    for place, name in enumerate(names):
        for who, value in zip(profiles, rows.column(f"v{place}").to_pylist(), strict=True):
            if value is not None:
                found.setdefault(who, {})[name] = value
    return found
