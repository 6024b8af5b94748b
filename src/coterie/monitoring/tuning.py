"""How much evidence is asked for before something is called wrong."""

from __future__ import annotations

from msgspec import Struct


class Tuning(Struct, frozen=True, kw_only=True):
    """The bounds. The defaults gave no false alarm in 60 clean days of the simulated shop: see docs/quality.md."""

    score_least: float = 6.0
    """Robust standard deviations from normal."""
    rows_least: float = 20
    """Rows of a day, below which a share says nothing."""
    spread_rows_least: float = 40
    """Rows of a day, below which a spread says nothing."""
    days_least: int = 7
    """Days of history, below which nothing is known to be normal (counts need 14: two of each weekday)."""
    drop: float = 0.6
    """A count at most this part of what is expected is too low."""
    rise: float = 1.8
    """A count at least this many times what is expected is too high."""
    silent_rows: float = 30
    """So many rows should have come in the hours in which hardly any came."""


NORMAL = Tuning()
LEVELS: dict[str, Tuning] = {
    "low": Tuning(score_least=10.0, rows_least=50, spread_rows_least=100, drop=0.4, rise=3.0, silent_rows=100),
    "normal": NORMAL,
    "high": Tuning(score_least=4.5, rows_least=10, spread_rows_least=20, drop=0.75, rise=1.4, silent_rows=20),
}
"""Word of the setting ``quality.sensitivity`` → its bounds."""
