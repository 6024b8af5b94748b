"""Every bound of the system in one table: value, unit, why. A bound that is hit shows in a counter."""

from __future__ import annotations

from msgspec import Struct

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
WEEK_US = 7 * DAY_US


class Limits(Struct, frozen=True, kw_only=True):
    """The bounds. Pass an instance to change one; the defaults are what is documented."""

    clock_skew_us: int = 5 * MINUTE_US
    """An event stamped at most this far in its future is taken as happening on arrival; further goes to quarantine."""
    late_after_us: int = MINUTE_US
    """An event arriving more than this after it occurred changes membership with cause ``late`` instead of ``event``."""
    run_entries_max: int = 65_536
    """Remembered facts per (profile, run); beyond it the oldest is dropped and counted."""
    latest_inline_max: int = 8
    """Counts up to this many are kept as the latest instants in the profile's row, larger ones as a run."""
    duplicate_keys_max: int = 1 << 21
    """Event keys the live reader remembers to drop duplicates inside a stream; the store drops the rest for ever."""
    event_bytes_max: int = 32 * 1024
    """Size of one event's properties as canonical JSON (the Segment spec's bound)."""
    property_depth_max: int = 8
    """Nesting of objects in properties and traits."""
    segments_max: int = 10_000
    """Definitions in one project."""
    condition_depth_max: int = 16
    """Nesting of conditions in one definition."""
    sequence_steps_max: int = 10
    """Steps of one ``then``."""
    periods_max: int = 120
    """Periods of one ``regularly``."""
    distinct_values_max: int = 5_000_000
    """Distinct values the live reader interns per property or trait; beyond it the snapshot is refused loudly."""


DEFAULT = Limits()
