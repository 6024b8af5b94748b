"""Words to people about drift: a model became stale, a refit waits, a rate changed. Letters of the outbox, never twice the same."""

from __future__ import annotations

from collections.abc import Sequence

from coterie.engine.learning.drift.rates import SegmentAlarm
from coterie.engine.learning.drift.recalibration import Recalibrated
from coterie.engine.outbox.notices import DRIFT, notice
from coterie.engine.project import Project
from coterie.triggers.delivery import Delivery

TOLD = {
    "told": "is stale; a refit waits for your word",
    "waiting": "is stale; a refit waits for a decision",
    "promoted": "was stale; a refit took its place",
    "kept": "is stale, and a refit separates people no better; it stays",
}
"""Decision → what is said; of a model that is fresh nothing is."""


def letters(
    project: Project, found: Sequence[Recalibrated], alarms: Sequence[SegmentAlarm], owners: dict[str, str], now: int
) -> list[Delivery]:
    """Return what is to be sent to the destinations of quality alerts (setting ``quality.alerts``), one letter for each destination and owner.

    ``owners``: model → who answers for it. Nothing when there is nothing to tell, or nobody to tell it to.
    """
    groups: dict[str, list[tuple[str, str, tuple[str, ...]]]] = {}
    for one in found:
        if one.decision in TOLD:
            cause = f"{one.model}\x1f{one.version}\x1f{one.decision}\x1f{one.candidate or one.at}"
            told = f"{one.model} (version {one.version}) {TOLD[one.decision]}"
            groups.setdefault(owners.get(one.model, ""), []).append((cause, told, one.reasons))
    for alarm in alarms:
        cause = f"{alarm.segment}\x1f{alarm.direction}\x1f{alarm.alarm.detector}\x1f{alarm.alarm.at}"
        groups.setdefault("", []).append((cause, alarm.says, ()))
    return [
        _letter(project, where, owner, told, now)
        for owner, told in sorted(groups.items())
        for where in project.settings.quality.alerts
    ]


def _letter(
    project: Project, destination: str, owner: str, told: Sequence[tuple[str, str, tuple[str, ...]]], now: int
) -> Delivery:
    first = told[0][1]
    alert = {
        "project": project.settings.name,
        "title": first if len(told) == 1 else f"{first}, and {len(told) - 1} more",
        "count": len(told),
        "findings": [{"says": says, "reasons": list(reasons)} for _, says, reasons in told],
    }
    return notice(DRIFT, destination, owner, (cause for cause, _, _ in told), alert, now)
