"""How long each table is kept, as the setting ``privacy.retention`` says."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from coterie.errors import InvalidDefinition, Problem, nearest
from coterie.limits import DAY_US

TABLES: dict[str, str] = {
    "events": "events of the log; what they said about traits, identifiers and consent stays",
    "changes": "membership changes: who entered and left which segment",
    "quarantine": "rows that were refused",
    "deliveries": "what was sent: letters of the outbox that are done, dead ones too",
    "runs": "which trigger met whom",
    "audit": "who changed what",
    "remarks": "what the intake counted, with its samples",
}
"""Table → what of it goes when it is old."""
DAYS_MIN, DAYS_MAX = 1, 36_500


class Policy(Struct, frozen=True):
    """Table → days. A table that is not named is kept for ever."""

    days: dict[str, float]

    def before(self, table: str, now: int) -> int | None:
        """Return the instant before which rows of a table go, ``None`` when they stay."""
        days = self.days.get(table)
        return None if days is None else now - int(days * DAY_US)


def policy_of(told: Mapping[str, float], where: str = "coterie.yaml: privacy.retention") -> Policy:
    """Return the policy that the setting says. Raises: InvalidDefinition with every problem.

    >>> policy_of({"events": 400}).before("events", 401 * 86_400_000_000)
    86400000000
    """
    problems = []
    for table, days in told.items():
        if table not in TABLES:
            problems.append(
                Problem(
                    "unknown table", where=f"{where}.{table}", allowed=", ".join(TABLES), hint=nearest(table, TABLES)
                )
            )
        elif not DAYS_MIN <= days <= DAYS_MAX:
            allowed = f"{DAYS_MIN} to {DAYS_MAX:,} days"
            problems.append(
                Problem("not a time to keep rows", where=f"{where}.{table}", received=days, allowed=allowed)
            )
    if problems:
        raise InvalidDefinition(problems)
    return Policy(dict(told))
