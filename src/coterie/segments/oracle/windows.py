"""Windows as half-open spans of microseconds, and the instants at which an event enters and leaves them."""

from __future__ import annotations

from coterie.segments.core import Absolute, Calendar, Rolling, Window
from coterie.segments.instants import Unit, boundaries, start_of, unit_at

EARLIEST, LATEST = -(2**63), 2**63 - 1


def span(window: Window, now: int) -> tuple[int, int]:
    """Return (first instant inside, first instant after) of ``window`` at ``now``; never beyond ``now`` itself."""
    if isinstance(window, Rolling):
        start = EARLIEST if window.older_us is None else now - window.older_us + 1
        return start, now - max(window.newer_us, 0) + 1
    if isinstance(window, Absolute):
        start = EARLIEST if window.after is None else window.after
        return start, now + 1 if window.before is None else min(window.before, now + 1)
    last = unit_at(now, window.unit, window.time_zone) - window.offset
    start = unit_start_at(last - window.count + 1, window.unit, window.time_zone)
    return start, min(unit_start_at(last + 1, window.unit, window.time_zone), now + 1)


def edges(window: Window, occurred_at: int) -> tuple[int, ...]:
    """Return the instants at which an event of ``occurred_at`` may enter or leave ``window`` as time passes."""
    if isinstance(window, Rolling):
        left = () if window.older_us is None else (occurred_at + window.older_us,)
        return (occurred_at + window.newer_us, *left)
    if isinstance(window, Calendar):
        entered = unit_at(occurred_at, window.unit, window.time_zone) + window.offset
        return tuple(unit_start_at(index, window.unit, window.time_zone) for index in (entered, entered + window.count))
    return ()


def unit_start_at(index: int, unit: Unit, time_zone: str) -> int:
    """Return when the numbered unit begins; before or after all time when that is outside the known calendar."""
    first, starts = boundaries(unit, time_zone)
    if index < first:
        return EARLIEST
    return LATEST if index - first >= len(starts) else start_of(index, unit, time_zone)
