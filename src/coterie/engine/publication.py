"""Cut points of ``top`` and ``rfm`` segments, measured by SQL on everybody and published as a version."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, runtime_checkable

from msgspec import Struct

from coterie.engine import definitions
from coterie.engine.history import History
from coterie.engine.project import Project
from coterie.errors import Problem
from coterie.segments.conditions.form import Context
from coterie.segments.conditions.thresholds import Measure
from coterie.segments.core import Aggregate
from coterie.segments.instants import rfc3339


@runtime_checkable
class Measured(Protocol):
    """A condition that compares with published numbers."""

    thresholds: int | None

    def measures(self, context: Context) -> tuple[Measure, ...]: ...


class Published(Struct, frozen=True, kw_only=True):
    """What was published: the cuts by measure name, and over how many people they were taken. ``written`` is the version
    that the definition names."""

    key: str
    version: int
    at: int
    cuts: dict[str, tuple[float, ...]]
    people: int
    written: int | None


def publish(project: Project, key: str, at: int) -> Published:
    """Measure the population of the segment's ``top`` and ``rfm`` at ``at`` and publish the cuts as the next version.

    The definition on disk says what to measure; it comes to use the numbers when it names the version. Raises: NotFound,
    Problem when the segment has no such condition, or two that ask for the same measure.
    """
    segment = definitions.named(definitions.on_disk(project), key)
    context = segment.context(definitions.context(project))
    conditions = list(measured(segment.when))
    measures = [measure for condition in conditions for measure in condition.measures(context)]
    if not measures:
        raise Problem("the segment compares with no published numbers", where=key, allowed="top, rfm")
    names = [measure.name for measure in measures]
    if len(set(names)) < len(names):
        raise Problem(
            "two conditions of the segment publish the same measure", where=key, received=sorted(names),
            hint="put each into a segment of its own and refer to them: in_segment",
        )  # fmt: skip
    with History(project.events) as history:
        counted = {measure.name: _population(history, measure, at) for measure in measures}
    cuts = {measure.name: measure.cuts(counted[measure.name]) for measure in measures}
    numbers = {"published_at": rfc3339(at), "cuts": {name: list(found) for name, found in cuts.items()}}
    version = project.thresholds.publish(key, numbers)
    people = max(len(values) for values in counted.values())
    written = conditions[0].thresholds
    return Published(key=key, version=version, at=at, cuts=cuts, people=people, written=written)


def _population(history: History, measure: Measure, at: int) -> list[float]:
    """Return the measure of every profile that has an event of the measure's selector in its window."""
    some = history.values(Aggregate("count", measure.selector, "", measure.window), at)
    people = {row["profile"] for row in some.to_pylist() if row["value"]}
    values = history.values(measure.term, at).to_pylist()
    return [row["value"] for row in values if row["profile"] in people and row["value"] is not None]


def measured(condition: Any) -> Iterator[Measured]:
    """Yield the conditions inside ``condition`` (itself included) that compare with published numbers."""
    if isinstance(condition, Measured):
        yield condition
    elif isinstance(condition, Struct):
        for name in condition.__struct_fields__:
            yield from measured(getattr(condition, name))
    elif isinstance(condition, tuple | list):
        for item in condition:
            yield from measured(item)
