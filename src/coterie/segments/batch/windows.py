"""Windows as bounds on ``occurred_at``, one pair per instant."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from coterie.segments.core import Absolute, Rolling, Window
from coterie.segments.instants import Unit, boundaries, unit_at

Edge: TypeAlias = "Callable[[int], int | None]"


def lower(window: Window) -> Edge:
    """Return the function from an instant to the first microsecond inside ``window``; None: open."""
    if isinstance(window, Rolling):
        older = window.older_us
        return lambda now: None if older is None else now - older + 1
    if isinstance(window, Absolute):
        return lambda now: window.after
    return lambda now: unit_start(
        unit_at(now, window.unit, window.time_zone) - window.offset - window.count + 1, window.unit, window.time_zone
    )


def upper(window: Window) -> Edge:
    """Return the function from an instant to the first microsecond after ``window``; None: open, up to the instant itself."""
    if isinstance(window, Rolling):
        newer = window.newer_us
        return lambda now: now - newer + 1 if newer > 0 else None
    if isinstance(window, Absolute):
        return lambda now: window.before
    if window.offset <= 0:
        return lambda now: None
    return lambda now: unit_start(
        unit_at(now, window.unit, window.time_zone) - window.offset + 1, window.unit, window.time_zone
    )


def unit_start(index: int, unit: Unit, time_zone: str) -> int | None:
    """Return when the numbered local unit begins; None before and after the known calendar."""
    first, starts = boundaries(unit, time_zone)
    return starts[index - first] if 0 <= index - first < len(starts) else None
