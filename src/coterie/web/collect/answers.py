"""What collecting answers: exactly 200 for what is stored, and what browsers need to be let see it."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from coterie.connectors.sources.tracking import Refused
from coterie.web.collect.ports import Send

Header = tuple[bytes, bytes]
FINE = b'{"success":true}'
_JSON = (b"content-type", b"application/json")
_FINE_LENGTH = (b"content-length", str(len(FINE)).encode())
_METHODS = (b"access-control-allow-methods", b"POST, OPTIONS")
_AGE = (b"access-control-max-age", b"86400")
_EXPOSED = (b"access-control-expose-headers", b"coterie-position, retry-after")
_USUAL = b"authorization, content-type, content-encoding, x-retry-count, anonymousid"
_ASKED = re.compile(rb"[a-zA-Z0-9_, -]{1,500}")


class Origins:
    """Whose pages may read the answers. Events come in from anywhere: the write key decides, not the page."""

    def __init__(self, allowed: Sequence[str]) -> None:
        self._all = "*" in allowed
        self._allowed = frozenset(origin.encode("latin-1", "replace") for origin in allowed)

    def headers(self, origin: bytes) -> tuple[Header, ...]:
        """Return the headers for a page of ``origin``: by name, because ``sendBeacon`` sends with credentials."""
        if not origin or not (self._all or origin in self._allowed):
            return ()
        return (
            (b"access-control-allow-origin", origin),
            (b"access-control-allow-credentials", b"true"),
            (b"vary", b"origin"),
            _EXPOSED,
        )


async def stored(send: Send, position: int, headers: tuple[Header, ...]) -> None:
    """The client knows that everything is stored, and at which position."""
    told = (b"coterie-position", str(position).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [_JSON, _FINE_LENGTH, told, *headers]})
    await send({"type": "http.response.body", "body": FINE})


async def partly(
    send: Send, position: int, headers: tuple[Header, ...], events: int, refused: Sequence[Refused]
) -> None:
    """The client knows which events were refused and why; the others are stored."""
    told = {
        "success": False,
        "accepted": events - len(refused),
        "rejected": [
            {
                "index": one.index,
                "messageId": one.id or None,
                "reason": one.reason,
                "where": one.where,
                "received": one.received,
                "allowed": one.allowed,
                "hint": one.hint,
            }
            for one in refused
        ],
    }
    place = (b"coterie-position", str(position).encode())
    await answer(send, 200, msgspec.json.encode(told), (_JSON, place, *headers))


async def permitted(send: Send, asked: bytes, headers: tuple[Header, ...]) -> None:
    """The browser knows that the page may send what it asked to send."""
    names = asked if _ASKED.fullmatch(asked) else _USUAL
    await answer(send, 204, b"", (_METHODS, _AGE, (b"access-control-allow-headers", names), *headers))


async def answer(send: Send, status: int, body: bytes, headers: Sequence[Header]) -> None:
    """The answer is sent."""
    length = () if status == 204 else ((b"content-length", str(len(body)).encode()),)
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *length]})
    await send({"type": "http.response.body", "body": body})
