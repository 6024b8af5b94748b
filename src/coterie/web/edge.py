"""The edge of the API: who asks, whether they may, how much, how often. Raw ASGI, so that it costs microseconds."""

from __future__ import annotations

import base64
import binascii
import logging
from typing import TYPE_CHECKING
from urllib.parse import unquote

from coterie.errors import CoterieError, LimitExceeded, Overloaded, Transient, Unauthorized
from coterie.web.access import KeyFound
from coterie.web.errors import body_of, headers_of
from coterie.web.fast import FAST, quick
from coterie.web.front import App, Receive, Scope, Send

if TYPE_CHECKING:
    from coterie.web.api.desk import Desk

_log = logging.getLogger("coterie.web")
_SLASH = "\ue000"
SECURITY = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
]
"""Headers of every answer: JSON is never a page, never framed, never kept by a proxy."""
MODEL_FILES = "/v1/models/files"
"""Takes more than the other addresses."""
HEALTH = frozenset({"/v1/status", "/v1/openapi.json"})
"""Answered while the runner recovers too."""


class Edge:
    """An ASGI app before another: key, rate, bounds and readiness are checked, and every answer carries ``SECURITY``."""

    def __init__(self, app: App, desk: Desk) -> None:
        self._app, self._desk = app, desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        secured = _secured(send)
        try:
            key = self._admit(scope)
            path: str = scope["path"]
            if path.startswith(FAST) and scope["method"] == "GET" and await quick(self._desk, key, scope, secured):
                return
            if b"%2f" in scope["raw_path"].lower():
                raw = scope["raw_path"].replace(b"%2f", b"%2F").split(b"?")[0].decode("ascii", "replace")
                scope["path"] = unquote(raw.replace("%2F", _SLASH))
            scope["coterie.key"] = key
            await self._app(scope, _Bounded(receive, self._most(scope)), secured)
        except CoterieError as error:
            await refuse(scope, secured, error)

    def _most(self, scope: Scope) -> int:
        """Return how many bytes the body of a request may have."""
        limits = self._desk.limits
        return limits.model_file_bytes_max if scope["path"] == MODEL_FILES else limits.api_body_bytes_max

    def _admit(self, scope: Scope) -> KeyFound:
        """Return the key that asks. Raises: Unauthorized, Overloaded, LimitExceeded, Transient while not ready."""
        limits, size, given, length = self._desk.limits, 0, b"", b""
        for name, value in scope["headers"]:
            size += len(name) + len(value) + 4
            if name == b"authorization":
                given = value
            elif name == b"content-length":
                length = value
        if size > limits.api_header_bytes_max:
            error = LimitExceeded("the headers are too large", hint=f"at most {limits.api_header_bytes_max:,} bytes")
            error.http_status = 431
            raise error
        if length.isdigit() and int(length[:18]) > self._most(scope):
            raise LimitExceeded("the body is too large", hint=f"at most {self._most(scope):,} bytes")
        key = self._desk.keys.find(text_of(given)) if given else None
        if key is None:
            what = "this key does not work: unknown, expired or revoked" if given else "a key is needed"
            raise Unauthorized(what, hint="send it as: Authorization: Bearer ck_read_…")
        wait_s = self._desk.limiter.take(key.id, 1)
        if wait_s:
            raise Overloaded("the key's rate is used up", retry_after_s=max(1, round(wait_s + 0.5)))
        status = self._desk.runner.status()
        if not status.ready and scope["path"] not in HEALTH:
            raise Transient(
                f"not ready: {status.phase}, {status.progress:.0%} done", hint=status.note or "try again in a moment"
            )
        return key


def text_of(authorization: bytes) -> str:
    """Return the key in an ``Authorization`` header, Bearer or Basic (the user name), or empty text.

    >>> text_of(b"Bearer ck_read_x"), text_of(b"Basic Y2tfcmVhZF94Og=="), text_of(b"Basic !")
    ('ck_read_x', 'ck_read_x', '')
    """
    kind, _, rest = authorization.partition(b" ")
    kind, rest = kind.lower(), rest.strip()
    if kind == b"bearer":
        return rest.decode("latin-1")
    if kind == b"basic":
        try:
            return base64.b64decode(rest, validate=True).partition(b":")[0].decode("latin-1")
        except binascii.Error:
            return ""
    return ""


class _Bounded:
    """A body of at most so many bytes, also when nobody said its length."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive, self._left, self._most = receive, most, most

    async def __call__(self) -> Scope:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise LimitExceeded("the body is too large", hint=f"at most {self._most:,} bytes")
        return message


def _secured(send: Send) -> Send:
    async def secured(message: Scope) -> None:
        if message["type"] == "http.response.start":
            own = message.get("headers", ())
            told = {name for name, _ in own}
            message["headers"] = [*own, *(one for one in SECURITY if one[0] not in told)]
        await send(message)

    return secured


async def refuse(scope: Scope, send: Send, error: CoterieError) -> None:
    """Answer with an error in the one shape."""
    body = body_of(error, scope.get("coterie.request_id", ""))
    headers = [*headers_of(error), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": error.http_status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
