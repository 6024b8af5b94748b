"""One day against the days before: every measure judged by its kind, and what has gone or come told once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from msgspec import structs

from coterie.monitoring import counts, shares, silences, spreads
from coterie.monitoring.baseline import WEEK
from coterie.monitoring.finding import Finding, finding_of
from coterie.monitoring.measures import EVERY, Count, Measured, Observation, Share, Spread, Subject
from coterie.monitoring.silences import HOURS
from coterie.monitoring.terms import SEVERITIES, Check, Severity, Stage
from coterie.monitoring.tuning import NORMAL, Tuning

History = Mapping[Subject, Sequence[tuple[int, Observation]]]
"""Every subject over the days before, in their order, without days that were found wrong."""
T = TypeVar("T", Count, Share, Spread)
NEW_ROWS = 5
"""So many rows make a new event or property worth telling."""
HISTORY_DAYS = 56
"""What did not happen for so long is no longer missed."""


def judge(today: Measured, history: History, day: int, tuning: Tuning = NORMAL, *, until: int = HOURS) -> list[Finding]:
    """Return what is wrong with a day, the worst first. ``until`` below 24: only its first hours are over, and counts wait."""
    complete = {**today, **_absent(today, history, day)}
    found: list[Finding] = []
    for subject, observation in complete.items():
        if until == HOURS or not isinstance(observation, Count):
            found += _judged(subject, observation, history.get(subject, ()), day, tuning, until)
    found += _strangers(complete, history, day, tuning)
    return told_once(found)


def _judged(
    subject: Subject,
    today: Observation,
    series: Sequence[tuple[int, Observation]],
    day: int,
    tuning: Tuning,
    until: int,
) -> list[Finding]:
    found: list[Finding | None] = []
    match today:
        case Count():
            found = [counts.judge(subject, today, _of(Count, series), day, tuning)]
        case Share():
            found = [shares.judge(subject, today, _of(Share, series), day, tuning)]
        case Spread() if subject.measure == "hours":
            found = [silences.judge(subject, today, _of(Spread, series), day, tuning, until)]
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
        elif subject.measure == "hours":
            found[subject] = Spread({})
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
        elif (
            subject.measure == "missing"
            and isinstance(one, Share)
            and events.get(subject.event, 0) >= tuning.days_least
        ):
            present = one.whole - one.part
            if present >= NEW_ROWS:
                says = f"{subject.says()}: a property that was never there, {present:,.0f} rows"
                found.append(finding_of(subject, day, Check.SCHEMA, Severity.WARNING, says, rows=present))
    return found


def told_once(found: Sequence[Finding]) -> list[Finding]:
    """Return findings, the worst first, without the echoes of a larger one.

    When everything is less, each event that is less is not told again, unless nothing at all came of it; and an event of
    which nothing came is not also silent.
    """
    flows = (Check.VOLUME, Check.FRESHNESS)
    whole = {(one.check, one.received < one.expected) for one in found if one.event == EVERY and not one.source}
    gone = {(one.event, one.source) for one in found if one.check is Check.VOLUME and not one.received}
    total_gone = (EVERY, "") in gone
    totals = {(one.check, one.received, one.day) for one in found if one.event == EVERY and not one.source}
    kept = []
    for one in found:
        if one.event == EVERY and one.source and (one.check, one.received, one.day) in totals:
            continue  # the only source there is
        is_flow = one.check in flows and one.stage is not Stage.COLLECT
        part = one.event != EVERY and is_flow and (one.check, one.received < one.expected) in whole
        if part and (total_gone or one.received or one.check is Check.FRESHNESS):
            continue
        if one.check is Check.FRESHNESS and ((one.event, one.source) in gone or total_gone):
            continue
        kept.append(one)
    return sorted(kept, key=lambda one: (-SEVERITIES.index(one.severity), -abs(one.score), one.event, one.property))


def owned(found: Sequence[Finding], owners: Mapping[str, str], otherwise: str) -> list[Finding]:
    """Return findings with who answers for them: the owner of their event, or ``otherwise``."""
    return [structs.replace(one, owner=one.owner or owners.get(one.event, "") or otherwise) for one in found]


def watched(measured: Measured, ignored: Sequence[str]) -> dict[Subject, Observation]:
    """Return what is not to be left out: ``ignored`` names events, and properties as ``event.property``."""
    out = set(ignored)
    return {
        subject: one
        for subject, one in measured.items()
        if subject.event not in out and not (subject.property and f"{subject.event}.{subject.property}" in out)
    }


def unspoilt(
    days: Mapping[int, Measured], flagged: Mapping[int, set[Subject]], day: int
) -> dict[Subject, list[tuple[int, Observation]]]:
    """Return the history before ``day`` without what was found wrong, unless it has been so for a week: then it is normal."""
    lasting = {
        subject
        for subject in set().union(*flagged.values())
        if all(subject in flagged.get(one, ()) for one in range(day - WEEK, day))
    }  # fmt: skip
    found: dict[Subject, list[tuple[int, Observation]]] = {}
    for past in sorted(one for one in days if one < day):
        wrong = flagged.get(past, set()) - lasting
        for subject, one in days[past].items():
            if subject not in wrong:
                found.setdefault(subject, []).append((past, one))
    return found
