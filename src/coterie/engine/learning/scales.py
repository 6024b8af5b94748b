"""The scales of a project's surveys, judged on what people answered: how reliable each is, and which item spoils it."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from coterie.connectors.mapping import Mapping as Rules
from coterie.connectors.sources.definitions import Definition
from coterie.connectors.sources.survey.config import Config
from coterie.connectors.sources.survey.scoring import Scorer
from coterie.engine.history import History
from coterie.engine.project import Project
from coterie.engine.sourcing.sources import source_named, sources_of
from coterie.errors import NotFound, Problem
from coterie.features.psychographic.reliability import Reliability, reliability
from coterie.features.table import Floats
from coterie.segments.core import Aggregate, Equals, Field, Selector

LABEL = "survey"
"""Property that tells a survey's answers from those of another."""


class ScaleTold(Struct, frozen=True, kw_only=True):
    """A scale of a survey source, and its reliability."""

    source: str
    reliability: Reliability


def scales_told(project: Project, at: int, source: str | None = None, level: float = 0.95) -> tuple[ScaleTold, ...]:
    """Return the reliability of every scale of every survey, or of one, on the latest answers of each person as known at ``at``.

    Raises: NotFound for a source that is none or no survey, Problem where a mapping of its own does not keep a scale's items, and
    when the extra ``learning`` is not installed. Cost: one scan of the log per survey.
    """
    chosen = sources_of(project) if source is None else {source: source_named(project, source)}
    surveys = {name: one for name, one in chosen.items() if isinstance(one.origin.config, Config)}
    if source is not None and not surveys:
        raise NotFound(f"{source!r} is no survey", hint="see docs/sources/surveys.md")
    found: list[ScaleTold] = []
    with History(project.events) as history:
        for name, one in surveys.items():
            found += [ScaleTold(source=name, reliability=told) for told in _judged(history, one, at, level)]
    return tuple(found)


def _judged(history: History, source: Definition, at: int, level: float) -> list[Reliability]:
    config = source.origin.config
    assert isinstance(config, Config)
    scales = config.scales or {}
    items = tuple(dict.fromkeys(item for scale in scales.values() for item in scale.items))
    if not items:
        return []
    answers = _answers(history, source, config, items, at)
    places = {item: place for place, item in enumerate(items)}
    return [
        reliability(name, scale.items, answers[:, [places[item] for item in scale.items]], level)
        for name, scale in scales.items()
    ]


def _answers(history: History, source: Definition, config: Config, items: tuple[str, ...], at: int) -> Floats:
    """Return (people, items): the latest answer of each person to each item, as scales count it; NaN for none."""
    kept = _kept(source, config, items)
    selector = _selector(source.mapping, config, source.name)
    terms = [Aggregate("latest", selector, kept[item]) for item in items]
    rows = history.measures(terms, at)
    columns = [
        rows.column(f"m{place}").to_numpy(zero_copy_only=False).astype(np.float64) for place in range(len(items))
    ]
    scorer = Scorer(config)
    found = np.empty((rows.num_rows, len(items)))
    for place, (item, values) in enumerate(zip(items, columns, strict=True)):
        found[:, place] = [scorer.counted(item, value) for value in values.tolist()]
    return found[np.isfinite(found).any(axis=1)]


def _kept(source: Definition, config: Config, items: tuple[str, ...]) -> dict[str, str]:
    """Return item → the property that keeps it. Raises: Problem for one that no property keeps."""
    rules = source.mapping
    properties = (*rules.properties, *(one for rule in rules.events for one in rule.properties))
    kept = {one.column: one.key for one in properties if one.column}
    for item in items:
        if item not in kept:
            raise Problem("the mapping of the survey does not keep an item of a scale", where=f"sources/{source.name}.yaml: mapping",
                          received=item, allowed="a property with this column", hint="without a mapping every item is kept")  # fmt: skip
    return kept


def _selector(rules: Rules, config: Config, name: str) -> Selector:
    names = tuple(rule.name for rule in rules.events if rule.name)
    labelled = any(one.key == LABEL for one in rules.properties)
    return Selector(names, where=(Field(LABEL, Equals(config.survey or name)),) if labelled else ())
