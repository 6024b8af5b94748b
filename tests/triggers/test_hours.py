"""Quiet hours on the person's clock, also on the two days a year on which clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coterie.segments.instants import from_us, to_us, zone
from coterie.triggers.hours import quiet_until, wall, zone_of
from coterie.triggers.restraints import QuietHours

NIGHT = QuietHours(from_="21:00", to="08:00")
LUNCH = QuietHours(from_="12:00", to="13:30")


def at(text: str, time_zone: str = "UTC") -> int:
    """Return the instant of a local reading."""
    return to_us(datetime.fromisoformat(text).replace(tzinfo=zone(time_zone)).astimezone(UTC))


@pytest.mark.parametrize(("hours", "now", "end"), [
    (NIGHT, "2026-03-18T20:59:59", None), (NIGHT, "2026-03-18T21:00", "2026-03-19T08:00"),
    (NIGHT, "2026-03-19T00:00", "2026-03-19T08:00"), (NIGHT, "2026-03-19T07:59:59", "2026-03-19T08:00"),
    (NIGHT, "2026-03-19T08:00", None), (LUNCH, "2026-03-18T11:59", None), (LUNCH, "2026-03-18T12:00", "2026-03-18T13:30"),
    (LUNCH, "2026-03-18T13:30", None), (LUNCH, "2026-03-18T23:00", None),
])  # fmt: skip
@pytest.mark.parametrize("time_zone", ["UTC", "Asia/Kolkata", "America/New_York"])
def test_quiet_hours_hold_their_beginning_and_not_their_end(
    hours: QuietHours, now: str, end: str | None, time_zone: str
) -> None:
    expected = None if end is None else at(end, time_zone)
    assert quiet_until(hours, at(now, time_zone), time_zone) == expected


def test_the_night_of_spring_is_an_hour_shorter_and_that_of_autumn_longer() -> None:
    spring = at("2026-03-28T21:00", "Europe/Oslo")
    autumn = at("2026-10-24T21:00", "Europe/Oslo")
    for begin, hours in ((spring, 10), (autumn, 12)):
        end = quiet_until(NIGHT, begin, "Europe/Oslo")
        assert end is not None
        assert end - begin == hours * 3_600_000_000


def test_a_time_that_clocks_skip_is_the_instant_of_the_skip() -> None:
    skipped = QuietHours(from_="22:00", to="02:30")
    end = quiet_until(skipped, at("2026-03-28T23:00", "Europe/Oslo"), "Europe/Oslo")
    assert end == at("2026-03-29T01:00")
    assert wall(datetime(2026, 3, 29).date(), 150, "Europe/Oslo") == at("2026-03-29T01:00")


def test_a_time_that_occurs_twice_is_the_first() -> None:
    twice = QuietHours(from_="22:00", to="02:30")
    end = quiet_until(twice, at("2026-10-24T23:00", "Europe/Oslo"), "Europe/Oslo")
    assert end == at("2026-10-25T00:30")
    assert quiet_until(twice, at("2026-10-25T01:00"), "Europe/Oslo") is None


@settings(max_examples=300, deadline=None)
@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),
    st.tuples(st.integers(0, 1439), st.integers(0, 1439)).filter(lambda pair: pair[0] != pair[1]),
    st.sampled_from(
        ["UTC", "Europe/Oslo", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Casablanca"]
    ),
)
def test_quiet_is_what_the_clock_says(moment: datetime, span: tuple[int, int], time_zone: str) -> None:
    """Away from clock changes: quiet exactly when the local reading is between the two, and free at the end."""
    now = to_us(moment.replace(tzinfo=UTC))
    local = from_us(now).astimezone(zone(time_zone))
    offsets = {
        (local + timedelta(days=days)).astimezone(UTC).astimezone(zone(time_zone)).utcoffset() for days in (-2, 0, 2)
    }
    if len(offsets) > 1:
        return
    begin, end = span
    hours = QuietHours(from_=f"{begin // 60:02d}:{begin % 60:02d}", to=f"{end // 60:02d}:{end % 60:02d}")
    minute = local.hour * 60 + local.minute
    is_quiet = begin <= minute < end if begin < end else not end <= minute < begin
    until = quiet_until(hours, now, time_zone)
    assert (until is not None) == is_quiet
    if until is not None:
        assert now < until <= now + 24 * 3_600_000_000
        assert quiet_until(hours, until, time_zone) is None


def test_the_persons_zone_is_a_trait_if_there_is_such_a_zone() -> None:
    assert zone_of({"time_zone": "Asia/Tokyo"}, "UTC") == "Asia/Tokyo"
    assert zone_of({"time_zone": "Mars/Olympus"}, "UTC") == "UTC"
    assert zone_of({"time_zone": 7}, "Europe/Oslo") == "Europe/Oslo"
    assert zone_of({}, "Europe/Oslo") == "Europe/Oslo"
