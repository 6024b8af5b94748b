"""When a cron line comes round: ranges, steps, both kinds of days, time zones and their clock changes."""

from __future__ import annotations

import pytest

from coterie.segments.cron import next_turn
from coterie.segments.instants import instant_of, rfc3339


@pytest.mark.parametrize(
    ("line", "after", "zone", "expected"),
    [
        ("0 3 * * *", "2026-05-01T02:59:59Z", "UTC", "2026-05-01T03:00:00Z"),
        ("0 3 * * *", "2026-05-01T03:00:00Z", "UTC", "2026-05-02T03:00:00Z"),
        ("0 3 * * *", "2026-05-01T03:00:00Z", "Europe/Berlin", "2026-05-02T01:00:00Z"),
        ("*/15 9-17 * * 1-5", "2026-05-01T17:45:00Z", "UTC", "2026-05-04T09:00:00Z"),
        ("*/15 9-17 * * 1-5", "2026-05-04T09:07:00Z", "UTC", "2026-05-04T09:15:00Z"),
        ("5/20 * * * *", "2026-05-04T09:07:00Z", "UTC", "2026-05-04T09:25:00Z"),
        ("0 0 1,15 * *", "2026-05-02T00:00:00Z", "UTC", "2026-05-15T00:00:00Z"),
        ("0 0 13 * 5", "2026-05-02T00:00:00Z", "UTC", "2026-05-08T00:00:00Z"),
        ("0 0 */2 * 5", "2026-05-02T00:00:00Z", "UTC", "2026-05-15T00:00:00Z"),
        ("0 0 * * 7", "2026-05-02T00:00:00Z", "UTC", "2026-05-03T00:00:00Z"),
        ("0 0 29 2 *", "2026-05-02T00:00:00Z", "UTC", "2028-02-29T00:00:00Z"),
        ("30 2 * * *", "2026-03-28T12:00:00Z", "Europe/Berlin", "2026-03-29T01:30:00Z"),
        ("30 2 * * *", "2026-03-29T01:30:00Z", "Europe/Berlin", "2026-03-30T00:30:00Z"),
        ("30 2 * * *", "2026-10-24T12:00:00Z", "Europe/Berlin", "2026-10-25T00:30:00Z"),
        ("30 2 * * *", "2026-10-25T00:30:00Z", "Europe/Berlin", "2026-10-26T01:30:00Z"),
    ],
)
def test_the_next_turn(line: str, after: str, zone: str, expected: str) -> None:
    begin = instant_of(after)
    assert begin is not None
    found = next_turn(line, begin, zone)
    assert found is not None
    assert rfc3339(found) == expected


def test_a_day_that_never_comes() -> None:
    assert next_turn("0 0 30 2 *", 0) is None
