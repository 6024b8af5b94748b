"""``/healthz``: the process answers. ``/readyz``: whether questions can be answered, and if not, why and how far it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from coterie.web.front import Receive, Scope, Send, answer


class Readiness(Struct, frozen=True, kw_only=True):
    """Whether questions can be answered. ``reasons`` say why not, ``warnings`` what had to be mended or needs somebody's eyes."""

    ready: bool
    phase: str
    progress: float
    """Share of the recovery that is done, 0 to 1."""
    accepts: bool
    """Whether events are taken (and kept durably) already."""
    behind_events: int
    """Requests in the journal whose effects are not committed yet."""
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class Health:
    """The two routes. ``look`` tells the present state without I/O."""

    def __init__(self, look: Callable[[], Readiness]) -> None:
        self._look = look

    async def healthz(self, scope: Scope, receive: Receive, send: Send) -> None:
        """200 while the process answers at all."""
        await answer(send, 200, {"status": "ok"})

    async def readyz(self, scope: Scope, receive: Receive, send: Send) -> None:
        """200 when questions are answered from committed state, else 503; the same document either way."""
        found = self._look()
        await answer(send, 200 if found.ready else 503, found, retry_after_s=None if found.ready else 1)


def readiness(status: Any, *, accepts: bool, closing: bool, mended: Sequence[str] = ()) -> Readiness:
    """Return what the runner's ``status`` and the rest of the server amount to. ``mended``: what other parts had to mend."""
    reasons = []
    if closing:
        reasons.append("the server is shutting down")
    if not accepts and not closing:
        reasons.append("no events are taken")
    if not status.ready:
        reasons.append(status.note or str(status.phase))
    return Readiness(
        ready=bool(status.ready) and accepts and not closing,
        phase=str(status.phase),
        progress=round(float(status.progress), 4),
        accepts=accepts,
        behind_events=max(status.journal_head - status.journal_position, 0),
        reasons=tuple(reasons),
        warnings=(*mended, *status.warnings),
    )
