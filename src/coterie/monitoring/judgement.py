"""One day against the days before: every measure judged by its kind, and what has gone or come told once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from coterie.monitoring import counts, shares, silences, spreads
from coterie.monitoring.finding import Finding, finding_of
from coterie.monitoring.measures import EVERY, Count, Measured, Observation, Share, Spread, Subject
from coterie.monitoring.terms import SEVERITIES, Check, Severity
from coterie.monitoring.tuning import NORMAL, Tuning

History = Mapping[Subject, Sequence[tuple[int, Observation]]]
"""Every subject over the days before, in their order, without days that were found wrong."""
T = TypeVar("T", Count, Share, Spread)
NEW_ROWS = 5
"""So many rows make a new event or property worth telling."""
HISTORY_DAYS = 56


def judge(today: Measured, history: History, day: int, tuning: Tuning = NORMAL, *, whole: bool = True) -> list[Finding]:
    """Return what is wrong with a day, the worst first. Not ``whole``: the day is not over, only what is there is judged."""
    complete = {**today, **_absent(today, history, day)} if whole else today
    found: list[Finding] = []
    for subject, observation in complete.items():
        if whole or not isinstance(observation, Count):
            found += _judged(subject, observation, history.get(subject, ()), day, tuning)
    found += _strangers(complete, history, day, tuning)
    return told_once(found)


def _judged(
    subject: Subject, today: Observation, series: Sequence[tuple[int, Observation]], day: int, tuning: Tuning
) -> list[Finding]:
    found: list[Finding | None] = []
    match today:
        case Count():
            found = [counts.judge(subject, today, _of(Count, series), day, tuning)]
        case Share():
            found = [shares.judge(subject, today, _of(Share, series), day, tuning)]
        case Spread() if subject.measure == "hours":
            found = [silences.judge(subject, today, _of(Spread, series), day, tuning)]
        case Spread():
            found = [*spreads.judge(subject, today, _of(Spread, series), day, tuning)]
    return [one for one in found if one is not None]


def _of(kind: type[T], series: Sequence[tuple[int, Observation]]) -> list[tuple[int, T]]:
    return [(day, one) for day, one in series if isinstance(one, kind)]


def _absent(today: Measured, history: History, day: int) -> dict[Subject, Observation]:
    """Return what today has none of although other days have: counts of nothing, properties that no row has."""
    found: dict[Subject, Observation] = {}
    for subject, series in history.items():
        if subject in today or not series or series[-1][0] < day - HISTORY_DAYS:
            continue
        if isinstance(series[-1][1], Count):
            found[subject] = Count(0)
        elif subject.measure == "missing":
            rows = today.get(Subject(subject.stage, subject.event, "", "", "rows"))
            if isinstance(rows, Count) and rows.rows:
                found[subject] = Share(rows.rows, rows.rows)
    return found


def _strangers(today: Measured, history: History, day: int, tuning: Tuning) -> list[Finding]:
    """Return the events and properties that were never there, once there is enough history to say so."""
    events: dict[str, int] = {}
    for subject, series in history.items():
        if subject.measure == "rows" and not subject.source and series:
            events[subject.event] = max(events.get(subject.event, 0), len(series))
    if events.get(EVERY, 0) < tuning.days_least:
        return []
    found = []
    for subject, one in today.items():
        if subject in history or subject.source or one.whole < NEW_ROWS:
            continue
        if subject.measure == "rows" and isinstance(one, Count) and subject.event not in events:
            says = f"{subject.event}: an event that was never there, {one.rows:,.0f} rows"
            found.append(finding_of(subject, day, Check.SCHEMA, Severity.WARNING, says, rows=one.rows))
        elif subject.measure == "missing" and isinstance(one, Share) and events.get(subject.event, 0) >= tuning.days_least:
            present = one.whole - one.part
            if present >= NEW_ROWS:
                says = f"{subject.says()}: a property that was never there, {present:,.0f} rows"
                found.append(finding_of(subject, day, Check.SCHEMA, Severity.WARNING, says, rows=present))
    return found


def told_once(found: Sequence[Finding]) -> list[Finding]:
    """Return findings, the worst first, without the echoes of a worse one: an event of which nothing came is not also silent."""
    gone = {(one.event, one.source) for one in found if one.check is Check.VOLUME and not one.received}
    kept = [
        one
        for one in found
        if not (one.check is Check.FRESHNESS and (one.event, one.source) in gone)
        and not (one.check is Check.VOLUME and one.source and (one.event, "") in gone)
    ]
    return sorted(kept, key=lambda one: (-SEVERITIES.index(one.severity), -abs(one.score), one.event, one.property))
