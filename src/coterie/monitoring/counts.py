"""Counts against the level and the weekday: too few rows, too many, none at all."""

from __future__ import annotations

from collections.abc import Sequence

from coterie.monitoring.baseline import Expectation, expectation, filled
from coterie.monitoring.finding import Finding, finding_of
from coterie.monitoring.measures import Count, Subject
from coterie.monitoring.terms import term_of
from coterie.monitoring.tuning import Tuning

WINDOW_DAYS = 56
"""Days of history that are looked at: eight of each weekday."""

YOUNG_DAYS, YOUNG = 28, 1.0
"""With less history a count must be about three times off: two weeks do not tell a trend from a habit."""


def judge(
    subject: Subject, today: Count, history: Sequence[tuple[int, Count]], day: int, tuning: Tuning
) -> Finding | None:
    """Return what is wrong with a count, or ``None``."""
    usual = expected(history, day)
    if usual is None:
        return None
    score, deviation = usual.score(today.rows), usual.deviation(today.rows)
    few = today.rows <= usual.count * tuning.drop and usual.count >= tuning.rows_least
    many = today.rows >= usual.count * tuning.rise and today.rows >= 2 * tuning.rows_least
    is_young = usual.days < YOUNG_DAYS
    least = max(1.25 * usual.largest, YOUNG if is_young else 0.0)
    if not (few or many) or abs(score) < tuning.score_least + (1 if is_young else -1) or abs(deviation) < least:
        return None
    term = term_of(subject.measure)
    much = f"{100 * today.rows / usual.count:,.0f} % of it" if usual.count else "where there are none"
    says = (
        f"{subject.says()}: {today.rows:,.0f} {term.says}; about {usual.count:,.0f} are normal on such a day ({much})"
    )
    return finding_of(
        subject, day, term.check, term.severity, says,
        received=today.rows, expected=usual.count, score=score, rows=today.rows,
    )  # fmt: skip


def expected(history: Sequence[tuple[int, Count]], day: int) -> Expectation | None:
    """Return what is normal for a count on ``day``, ``None`` while too little is known."""
    return expectation(filled([(one, count.rows) for one, count in history], day, WINDOW_DAYS))
