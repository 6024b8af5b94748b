from __future__ import annotations

import pytest

from coterie.engine.preview import instants_between
from coterie.engine.when import instant
from coterie.errors import Problem
from coterie.limits import DAY_US, HOUR_US
from coterie.segments.instants import instant_of

PRESENT, WALL = 1_700_000_000_000_000, 1_800_000_000_000_000


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("end", PRESENT),
        ("present", PRESENT),
        ("now", WALL),
        ("3d ago", PRESENT - 3 * DAY_US),
        ("90m  ago", PRESENT - 90 * 60 * 1_000_000),
        ("2026-01-31T10:00:00Z", instant_of("2026-01-31T10:00:00Z")),
        ("2026-01-31", instant_of("2026-01-31T00:00:00Z") - HOUR_US),  # type: ignore[operator]
    ],
)
def test_instants_are_written_in_many_ways(text: str, at: int) -> None:
    assert instant(text, PRESENT, WALL, "Europe/Oslo") == at


@pytest.mark.parametrize("text", ["", "soon", "3 days ago", "ago", "-3d ago", "31.01.2026", "2026-13-01"])
def test_what_is_no_instant_is_refused_with_what_is(text: str) -> None:
    with pytest.raises(Problem, match="3d ago"):
        instant(text, PRESENT, WALL)


def test_instants_between_end_exactly_at_the_end() -> None:
    assert instants_between(0, 100, 5) == (0, 25, 50, 75, 100)
    assert instants_between(0, 10, 4) == (1, 4, 7, 10)
    assert instants_between(5, 5, 4) == (5,)
    assert instants_between(9, 5, 4) == (5,)
    assert instants_between(0, 2, 10) == (0, 1, 2)
