"""The published thresholds a condition was written for."""

from __future__ import annotations

from coterie.errors import NotFound
from coterie.segments.conditions.form import Context
from coterie.segments.conditions.thresholds import Measure, Thresholds


def published(version: int | None, context: Context) -> Thresholds:
    """Return the thresholds of the segment being lowered; NotFound, with the command to run, when there are none."""
    if version is None:
        raise NotFound("no version of thresholds is named", hint=f"run `coterie thresholds {context.segment}`")
    found = context.thresholds.get((context.segment, version))
    if found is None:
        known = sorted(number for key, number in context.thresholds if key == context.segment)
        have = f"; there are {', '.join(map(str, known))}" if known else ""
        raise NotFound(
            f"thresholds version {version} has not been published{have}",
            hint=f"run `coterie thresholds {context.segment}`",
        )
    return found


def cuts_of(thresholds: Thresholds, measure: Measure) -> tuple[float, ...]:
    """Return the cuts of one measure: as many as were asked for, or none when nobody was measured."""
    cuts = tuple(thresholds.cuts.get(measure.name, ()))
    if measure.name not in thresholds.cuts or len(cuts) not in (0, len(measure.shares) or 1):
        raise NotFound(
            f"thresholds version {thresholds.version} do not fit the measure {measure.name}",
            hint=f"run `coterie thresholds {thresholds.segment}`",
        )
    return cuts
