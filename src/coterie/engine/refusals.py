"""Refused events sent again: mended by hand, or as they are after what refused them was changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from msgspec import Struct

from coterie.connectors.sources import replay
from coterie.connectors.sources.tracking import Refused as Wrong
from coterie.connectors.sources.tracking import decode
from coterie.engine.project import Project
from coterie.errors import NotFound, Problem
from coterie.intake.intake import Intake

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


class _Waiting(Struct):
    """Rows that pass now, by what takes them: (route, source) → their texts."""

    rows: dict[tuple[str, str], list[tuple[str, str]]] = {}
    reasons: Counter[str] = msgspec.field(default_factory=Counter)

    def entries(self) -> Iterator[tuple[str, str, list[str], bytes]]:
        """Yield (route, source, ids, body) of every entry of the journal that they become."""
        for (route, source), rows in self.rows.items():
            for start in range(0, len(rows), EVENTS_MAX):
                some = rows[start : start + EVENTS_MAX]
                yield route, source, [row_id for row_id, _ in some], _body(route, [text for _, text in some])


def row_of(project: Project, row_id: str) -> dict[str, Any]:
    """Return a refused row. Raises: NotFound."""
    for row in project.quarantine.rows().to_pylist():
        if row["id"] == row_id:
            return dict(row)
    raise NotFound(f"no refused row {row_id[:100]!r}", hint="see them: GET /v1/quarantine")


def fix_row(
    project: Project, intake: Intake, append: Append, row_id: str, event: dict[str, Any], source: str
) -> Replayed:
    """Send ``event`` in the place of a refused row: as a call, or in the shape of the row.

    Raises: NotFound, Problem when it is still refused.
    """
    row = row_of(project, row_id)
    text = msgspec.json.encode(event).decode()
    if replay.kept(text) is not None:
        reason = refusal_of(project, intake, text, row["source"])
        if reason:
            raise Problem(f"still refused: {reason[0]}", where="body", received=reason[1] or None)
        return _sent(append, replay.ROUTE, row["source"], row_id, text)
    wrong = _wrong(project, _body(ROUTE, [text]))
    if wrong:
        first = wrong[0]
        raise Problem(
            f"still refused: {first.reason}", where=f"body.{first.where}".rstrip("."), received=first.received or None,
            allowed=first.allowed, hint=first.hint,
        )  # fmt: skip
    return _sent(append, ROUTE, source, row_id, text)


def _sent(append: Append, route: str, source: str, row_id: str, text: str) -> Replayed:
    return Replayed(ids=(row_id,), refused=0, reasons={}, position=append(route, source, _body(route, [text])))


def replay_rows(project: Project, intake: Intake, append: Append, source: str, reason: str, by: str) -> Replayed:
    """Send every refused event of a source and reason that passes now; what an event was refused by is asked again.

    Events keep their source, calls bear the key of who replays. Rows of files are left: they need their mapping.
    """
    waiting = _Waiting()
    for row in project.quarantine.rows(source=source, reason=reason).to_pylist():
        text = row["row"]
        if is_event(row):
            told = refusal_of(project, intake, text, row["source"])
            route, named = replay.ROUTE, row["source"]
        else:
            told = (row["reason"], "") if not _is_object(text) or _wrong(project, _body(ROUTE, [text])) else None
            route, named = ROUTE, by
        if told is None:
            waiting.rows.setdefault((route, named), []).append((row["id"], text))
        else:
            waiting.reasons[told[0]] += 1
    sent: list[str] = []
    position: int | None = None
    for route, named, ids, body in waiting.entries():
        position = append(route, named, body)
        sent += ids
    reasons = dict(waiting.reasons)
    return Replayed(ids=tuple(sent), refused=sum(reasons.values()), reasons=reasons, position=position)


def is_event(row: dict[str, Any]) -> bool:
    """Return whether a quarantined row is an event that was decoded, rather than a call or the row of a file.

    Events that were nobody's are not: their ids count as met, so that they would be dropped as repeats.
    """
    from coterie.engine.running.step import NOBODY

    return row["reason"] != NOBODY and replay.kept(row["row"]) is not None


def refusal_of(project: Project, intake: Intake, text: str, source: str) -> tuple[str, str] | None:
    """Return why an event would be refused if it arrived now, ``None`` if it would not be."""
    now = project.wall()
    found = replay.decode(replay.pack([text]), now, project.settings.limits)
    if found.refused:
        return found.refused[0].reason, found.refused[0].detail
    refused = intake.take(found.events, source, now).refused
    return (refused[0].reason, refused[0].detail) if refused else None


def _body(route: str, texts: list[str]) -> bytes:
    packed = replay.pack(texts)
    return packed if route == replay.ROUTE else b'{"batch":' + packed + b"}"


def _is_object(text: str) -> bool:
    try:
        return isinstance(msgspec.json.decode(text), dict)
    except msgspec.DecodeError:
        return False


def _wrong(project: Project, body: bytes) -> list[Wrong]:
    """Return what would be refused of a body that arrives now."""
    return list(decode(ROUTE, body, project.wall(), project.settings.limits).refused)
