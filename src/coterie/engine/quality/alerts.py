"""Findings on their way to their owners: letters of the outbox, one for each destination and owner, never twice the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from coterie.engine.outbox.notices import QUALITY, notice
from coterie.engine.project import Project
from coterie.engine.quality.rules import Rule
from coterie.monitoring.terms import SEVERITIES, Severity
from coterie.storage.quality.book import Kept, key_of
from coterie.triggers.delivery import Delivery

SHOWN_MAX = 50
"""Findings told in one message; the others are counted."""


def letters(
    project: Project, found: Sequence[Kept], rules: Mapping[str, Rule], now: int
) -> tuple[list[Delivery], list[int]]:
    """Return (what is to be sent about these findings, the numbers of those that are told by it).

    Told are those that are bad enough, at the destinations that their rule or the settings ask for.
    """
    settings = project.settings.quality
    least = SEVERITIES.index(Severity(settings.alert_from))
    groups: dict[tuple[str, str], list[Kept]] = {}
    for one in found:
        if SEVERITIES.index(one.finding.severity) < least:
            continue
        rule = rules.get(one.finding.rule)
        asked = rule.alerts if rule is not None and rule.alerts is not None else settings.alerts
        for destination in asked:
            groups.setdefault((destination, one.finding.owner), []).append(one)
    made = [_letter(project, where, owner, told, now) for (where, owner), told in sorted(groups.items())]
    return made, sorted({one.id for told in groups.values() for one in told})


def _letter(project: Project, destination: str, owner: str, found: Sequence[Kept], now: int) -> Delivery:
    cause = [f"{one.finding.day}\x1f{key_of(one.finding)}" for one in found]
    worst = max((one.finding.severity for one in found), key=SEVERITIES.index)
    first = found[0].finding.says.split(";")[0]
    alert = {
        "project": project.settings.name,
        "worst": str(worst),
        "title": first if len(found) == 1 else f"{first}, and {len(found) - 1} more",
        "count": len(found),
        "findings": [told(one) for one in found[:SHOWN_MAX]],
    }
    return notice(QUALITY, destination, owner, cause, alert, now)


def told(kept: Kept) -> dict[str, object]:
    """Return a finding as plain data for people and programs: the day as a date."""
    one = kept.finding
    return {
        "id": kept.id,
        "day": day_text(one.day),
        "severity": str(one.severity),
        "check": str(one.check),
        "stage": str(one.stage),
        "event": one.event,
        "property": one.property,
        "source": one.source,
        "says": one.says,
        "received": one.received,
        "expected": one.expected,
        "score": round(one.score, 2),
        "rows": one.rows,
        "owner": one.owner,
        "rule": one.rule,
        "accepted": bool(kept.accepted_at),
    }


def day_text(day: int) -> str:
    """Return a day since 1970 as a date.

    >>> day_text(20_000)
    '2024-10-04'
    """
    return date.fromordinal(719_163 + day).isoformat()
