"""Every kind of corruption is noticed by the check it belongs to, and clean days are left alone."""

from __future__ import annotations

import pytest

from coterie.monitoring.judgement import judge
from tests.monitoring.corruption.days import clean_days, history_of, spoilt
from tests.monitoring.corruption.kinds import KINDS, Kind


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_spoilt_day_is_noticed_by_the_right_check(kind: Kind) -> None:
    found = spoilt(kind)
    told = {(one.check, one.event, one.property) for one in found if not one.source}
    assert (kind.check, kind.event, kind.property) in told, "\n".join(f"{one.check}: {one.says}" for one in found)


def test_there_are_enough_kinds() -> None:
    assert len(KINDS) >= 20
    assert len({one.name for one in KINDS}) == len(KINDS)


def test_sixty_clean_days_give_at_most_one_false_alarm() -> None:
    measured = clean_days(seed=11, days=60, people=3_000)
    alarms, history = [], history_of({})
    for day in sorted(measured):
        alarms += judge(measured[day], history, day)
        for subject, one in measured[day].items():
            history.setdefault(subject, []).append((day, one))
    assert len(measured) == 60
    assert len(alarms) <= 1, "\n".join(f"{one.day}: {one.check}: {one.says}" for one in alarms)
