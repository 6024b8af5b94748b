from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.limits import DAY_US, HOUR_US, SECOND_US, WEEK_US
from coterie.segments import durations


@given(st.integers(1, 10**9), st.sampled_from("smhdw"))
def test_text_comes_back_as_the_same_length(count: int, unit: str) -> None:
    us = durations.us_of(f"{count}{unit}")
    assert us == count * durations.UNITS[unit]
    assert durations.us_of(durations.text_of(us)) == us


@pytest.mark.parametrize("text", ["", "24", "h", "0s", "-1h", "1.5h", "1H", "1 h", "1h ", "1d12h", "1y", "١d"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="no duration"):
        durations.us_of(text)


@pytest.mark.parametrize("us", [0, -SECOND_US, 1])
def test_what_is_no_whole_second_has_no_text(us: int) -> None:
    with pytest.raises(ValueError, match="whole number of seconds"):
        durations.text_of(us)


@pytest.mark.parametrize(
    ("us", "said"),
    [
        (1_500_000, "1.5 seconds"),
        (1_000_000, "1 second"),
        (90 * SECOND_US, "1 minute 30 seconds"),
        (DAY_US, "1 day"),
        (WEEK_US, "7 days"),
        (2 * DAY_US + 3 * HOUR_US + 5 * SECOND_US, "2 days 3 hours"),
        (DAY_US + SECOND_US, "1 day"),
    ],
)
def test_lengths_in_words(us: int, said: str) -> None:
    assert durations.says_us(us) == said


def test_words_of_the_last() -> None:
    assert [durations.says_last(text) for text in ("1h", "2w", "24h")] == ["hour", "2 weeks", "24 hours"]
