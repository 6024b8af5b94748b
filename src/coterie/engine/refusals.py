"""Refused events sent again: mended by hand, or as they are after what refused them was changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from coterie.connectors.sources.tracking import Refused as Wrong
from coterie.connectors.sources.tracking import decode
from coterie.engine.project import Project
from coterie.errors import NotFound, Problem

ROUTE = "batch"
EVENTS_MAX = 200
"""Events per entry of the journal."""
Append = Callable[[str, str, bytes], int]


class Replayed(Struct, frozen=True, kw_only=True):
    """Which rows were sent again, how many are still refused and why, and the journal position of the last one sent."""

    ids: tuple[str, ...]
    refused: int
    reasons: dict[str, int]
    position: int | None


def row_of(project: Project, row_id: str) -> dict[str, Any]:
    """Return a refused row. Raises: NotFound."""
    for row in project.quarantine.rows().to_pylist():
        if row["id"] == row_id:
            return dict(row)
    raise NotFound(f"no refused row {row_id[:100]!r}", hint="see them: GET /v1/quarantine")


def fix_row(project: Project, append: Append, row_id: str, event: dict[str, Any], source: str) -> Replayed:
    """Send ``event`` in the place of a refused row. Raises: NotFound, Problem when it is still refused."""
    row_of(project, row_id)
    body = msgspec.json.encode({"batch": [event]})
    wrong = _wrong(project, body)
    if wrong:
        first = wrong[0]
        raise Problem(
            f"still refused: {first.reason}", where=f"body.{first.where}".rstrip("."), received=first.received or None,
            allowed=first.allowed, hint=first.hint,
        )  # fmt: skip
    return Replayed(ids=(row_id,), refused=0, reasons={}, position=append(ROUTE, source, body))


def replay_rows(project: Project, append: Append, source: str, reason: str, by: str) -> Replayed:
    """Send every refused event of a source and reason that passes now. Rows of files are left: they need their mapping."""
    sent: list[str] = []
    waiting: list[tuple[str, Any]] = []
    reasons: Counter[str] = Counter()
    position: int | None = None
    for row in project.quarantine.rows(source=source, reason=reason).to_pylist():
        try:
            event = msgspec.json.decode(row["row"])
        except msgspec.DecodeError:
            event = None
        if not isinstance(event, dict) or _wrong(project, msgspec.json.encode({"batch": [event]})):
            reasons[row["reason"]] += 1
        else:
            waiting.append((row["id"], event))
    for start in range(0, len(waiting), EVENTS_MAX):
        some = waiting[start : start + EVENTS_MAX]
        position = append(ROUTE, by, msgspec.json.encode({"batch": [event for _, event in some]}))
        sent += [row_id for row_id, _ in some]
    return Replayed(ids=tuple(sent), refused=sum(reasons.values()), reasons=dict(reasons), position=position)


def _wrong(project: Project, body: bytes) -> list[Wrong]:
    """Return what would be refused of a body that arrives now."""
    return list(decode(ROUTE, body, project.wall(), project.settings.limits).refused)
