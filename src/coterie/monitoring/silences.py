"""Hours in which hardly anything came although much should have: gaps in a day, and streams that have stopped."""

from __future__ import annotations

from collections.abc import Sequence

from coterie.monitoring.baseline import WEEK
from coterie.monitoring.counts import expected
from coterie.monitoring.finding import Finding, finding_of
from coterie.monitoring.measures import Count, Spread, Subject, pooled
from coterie.monitoring.terms import Check, Severity
from coterie.monitoring.tuning import Tuning

HOURS = 24
QUIET = 0.05
"""At most this part of what should have come is silence."""
VISITS_LEAST = 14
"""So many independent arrivals should have come: by chance they stay away once in a million times."""
Days = Sequence[tuple[int, Spread]]


def judge(
    subject: Subject, today: Spread, history: Days, day: int, tuning: Tuning, until: int = HOURS
) -> Finding | None:
    """Return the longest silence of the day's hours before ``until``, unless such silences are normal here."""
    usual = expected([(one, Count(spread.whole)) for one, spread in history], day)
    same = [spread for one, spread in history if (one - day) % WEEK == 0]
    if usual is None or len(same) < 2:
        return None
    rhythm = pooled(same if sum(one.whole for one in same) >= 200 else [spread for _, spread in history])
    should = [usual.count * rhythm.counts.get(str(hour), 0.0) / (rhythm.whole or 1.0) for hour in range(HOURS)]
    came = [today.counts.get(str(hour), 0.0) for hour in range(HOURS)]
    first, last, missed = _longest(should, came, until)
    if (
        missed < max(tuning.silent_rows, VISITS_LEAST * _together(history, usual.count))
        or last - first < 2
        or _is_habit(first, last, history)
    ):
        return None
    open_end = last == until
    says = (
        f"{subject.says()}: {sum(came[first:last]):,.0f} rows between {first:02d}:00 and {last:02d}:00 UTC;"
        f" about {missed:,.0f} should have come" + (", and it is still silent" if open_end and until < HOURS else "")
    )
    return finding_of(
        subject, day, Check.FRESHNESS, Severity.ERROR, says,
        received=sum(came[first:last]), expected=missed, score=missed / tuning.silent_rows, rows=missed,
    )  # fmt: skip


def _together(history: Days, count: float) -> float:
    """Return how many rows come together, as those of one visit do: the variance of an hour's rows by their mean."""
    recent = [spread for _, spread in history[-28:]]
    ratios = []
    for hour in range(HOURS):
        rows = [one.counts.get(str(hour), 0.0) * count / (one.whole or 1.0) for one in recent]
        mean = sum(rows) / len(rows)
        if mean >= 1:
            ratios.append(sum((one - mean) ** 2 for one in rows) / (len(rows) - 1) / mean)
    return max(1.0, sorted(ratios)[len(ratios) // 2]) if ratios else 1.0


def _longest(should: Sequence[float], came: Sequence[float], until: int) -> tuple[int, int, float]:
    """Return (first hour, hour after the last, rows that should have come) of the silence that misses most."""
    best = (0, 0, 0.0)
    for first in range(until):
        for last in range(first + 1, until + 1):
            missed = sum(should[first:last])
            if missed > best[2] and sum(came[first:last]) <= QUIET * missed:
                best = (first, last, missed)
    return best


def _is_habit(first: int, last: int, history: Days) -> bool:
    """Return whether a twentieth of the busy days before were as silent in those hours."""
    inside = [sum(spread.counts.get(str(hour), 0.0) for hour in range(first, last)) for _, spread in history]
    middle = sorted(inside)[len(inside) // 2] if inside else 0.0
    return sum(one <= QUIET * middle for one in inside) * 20 > len(inside)
