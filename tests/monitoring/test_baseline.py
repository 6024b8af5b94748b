"""What a count should be: weekdays, a level that follows, bad days that do not spoil it; and what is told once."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from coterie.monitoring import counts
from coterie.monitoring.baseline import expectation
from coterie.monitoring.finding import Finding, finding_of
from coterie.monitoring.judgement import judge, told_once, unspoilt, watched
from coterie.monitoring.measures import EVERY, Count, Measured, Share, Subject
from coterie.monitoring.terms import TERMS, Check, Severity, Stage
from coterie.monitoring.tuning import LEVELS, NORMAL

ROWS = Subject(Stage.LAND, "order", "", "", "rows")


def weekly(days: int, level: float = 1_000, growth: float = 0.0, seed: int = 0) -> np.ndarray:
    """Return counts with a habit of the weekday, noise, and growth per day."""
    dice, habit = random.Random(seed), (1.0, 0.9, 0.95, 1.0, 1.1, 1.6, 0.4)
    return np.array(
        [round(level * habit[day % 7] * (1 + growth) ** day * dice.gauss(1, 0.04)) for day in range(days)], float
    )


@pytest.mark.parametrize("ahead", range(7))
def test_each_weekday_has_its_own_level(ahead: int) -> None:
    series = weekly(63 + ahead)
    usual = expectation(series[:-1])
    assert usual is not None
    assert usual.count == pytest.approx(series[-1], rel=0.15)
    assert abs(usual.score(series[-1])) < 4


def test_growth_is_followed_and_bad_days_do_not_spoil_it() -> None:
    series = weekly(56, growth=0.01)
    series[[20, 33, 50]] = 0
    usual = expectation(series[:-1])
    assert usual is not None
    assert usual.count == pytest.approx(series[-1], rel=0.25)


def test_too_little_history_expects_nothing() -> None:
    assert expectation(weekly(13)) is None


def test_what_happens_once_a_week_is_expected_on_its_day() -> None:
    series = [(day, Count(500)) for day in range(1, 60, 7)]
    assert counts.judge(ROWS, Count(510), series, 64, NORMAL) is None
    assert counts.judge(ROWS, Count(0), series, 65, NORMAL) is None
    gone = counts.judge(ROWS, Count(0), series, 64, NORMAL)
    assert gone is not None
    assert gone.check is Check.VOLUME


@pytest.mark.parametrize(("share", "found"), [(1.0, False), (0.8, False), (0.5, True), (0.0, True), (2.5, True)])
def test_a_count_is_wrong_from_some_change_on(share: float, found: bool) -> None:
    series = weekly(57)
    days = [(day, Count(float(one))) for day, one in enumerate(series[:-1])]
    assert (counts.judge(ROWS, Count(round(series[-1] * share)), days, 56, NORMAL) is not None) is found


def test_sensitivity_is_ordered() -> None:
    low, normal, high = (LEVELS[word] for word in ("low", "normal", "high"))
    assert low.score_least > normal.score_least > high.score_least
    assert low.drop < normal.drop < high.drop
    assert math.isfinite(low.rise)


def history(days: int, missing: float, rows: int = 200) -> dict[Subject, list[tuple[int, Count | Share]]]:
    share = Subject(Stage.LAND, "order", "total", "", "missing")
    dice = random.Random(5)
    found: dict[Subject, list[tuple[int, Count | Share]]] = {
        ROWS: [(day, Count(rows)) for day in range(days)],
        Subject(Stage.LAND, EVERY, "", "", "rows"): [(day, Count(rows)) for day in range(days)],
        share: [(day, Share(sum(dice.random() < missing for _ in range(rows)), rows)) for day in range(days)],
    }
    return found


def today(missing: int, rows: int = 200) -> Measured:
    every = Subject(Stage.LAND, EVERY, "", "", "rows")
    return {
        ROWS: Count(rows),
        every: Count(rows),
        Subject(Stage.LAND, "order", "total", "", "missing"): Share(missing, rows),
    }


@pytest.mark.parametrize(
    ("usual", "missing", "found"), [(0.0, 0, 0), (0.0, 2, 0), (0.0, 20, 1), (0.2, 45, 0), (0.2, 120, 1)]
)
def test_a_null_rate_is_judged_by_its_own_history(usual: float, missing: int, found: int) -> None:
    assert len(judge(today(missing), history(30, usual), 30)) == found


def test_a_property_that_is_gone_is_missing_everywhere() -> None:
    told = {subject: one for subject, one in today(0).items() if not subject.property}
    (found,) = judge(told, history(30, 0.0), 30)
    assert (found.check, found.property, found.received) == (Check.COMPLETENESS, "total", 1.0)


def test_a_new_event_is_told_but_not_in_the_first_week() -> None:
    new = {**today(0), Subject(Stage.LAND, "ordr", "", "", "rows"): Count(50)}
    assert [one.event for one in judge(new, history(30, 0.0), 30)] == ["ordr"]
    assert judge(new, history(5, 0.0), 5) == []


def test_what_was_wrong_is_no_history_until_it_lasts_a_week() -> None:
    days: dict[int, Measured] = {day: {ROWS: Count(10)} for day in range(20)}
    flagged = {day: {ROWS} for day in (3, 15)}
    assert [day for day, _ in unspoilt(days, flagged, 20)[ROWS]] == [day for day in range(20) if day not in (3, 15)]
    lasting = {day: {ROWS} for day in range(13, 20)}
    assert len(unspoilt(days, lasting, 20)[ROWS]) == 20


def test_what_is_ignored_is_not_watched() -> None:
    assert watched(today(5), ["order.total"]).keys() == {one for one in today(5) if not one.property}
    assert {one.event for one in watched(today(5), ["order"])} == {EVERY}


def volume(event: str, received: float, expected: float = 100, check: Check = Check.VOLUME) -> Finding:
    subject = Subject(Stage.LAND, event, "", "", "rows")
    return finding_of(subject, 1, check, Severity.ERROR, "", received=received, expected=expected)


def test_a_drop_of_everything_is_told_once() -> None:
    found = [volume(EVERY, 40), volume("order", 30), volume("page", 0), volume("bots", 300)]
    assert {one.event for one in told_once(found)} == {EVERY, "page", "bots"}
    gone = [volume(EVERY, 0), volume("order", 0), volume("order", 0, check=Check.FRESHNESS)]
    assert [one.event for one in told_once(gone)] == [EVERY]


def test_the_only_source_is_not_told_beside_the_whole() -> None:
    only = finding_of(
        Subject(Stage.LAND, EVERY, "", "till", "rows"),
        1,
        Check.VOLUME,
        Severity.ERROR,
        "",
        received=40.0,
        expected=100.0,
    )
    assert [one.source for one in told_once([volume(EVERY, 40), only])] == [""]
    assert [one.source for one in told_once([volume(EVERY, 60), only])] == ["", "till"]


def test_every_measure_says_what_it_is() -> None:
    assert all(term.says and 0 <= term.floor < 1 for term in TERMS.values())
    assert {term.check for term in TERMS.values()} | {Check.RECONCILIATION} == set(Check)
