"""What browsers ask for before they send anything: coterie.js, and the settings and script of Segment's own library."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Awaitable, Callable, MutableMapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from coterie.errors import NotFound
from coterie.web.errors import document

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

SCRIPT = "/coterie.js"
_SETTINGS = re.compile(r"^/v1/projects/([^/]+)/settings$")
_HOSTED = re.compile(r"^/analytics\.js/v1/([^/]+)/analytics(?:\.min)?\.js$")
_PREFIXES = (SCRIPT, "/v1/projects/", "/analytics.js/")
_JAVASCRIPT = b"text/javascript; charset=utf-8"
_JSON = b"application/json"
_SETTINGS_AGE_S = 60


class Served(NamedTuple):
    """A script as it is sent: its text, the same gzipped, and a tag that changes with the text."""

    plain: bytes
    zipped: bytes
    tag: bytes


def shorten(source: str) -> str:
    """Return a script without its lines of comment and without indentation.

    Comments must stand on lines of their own, and no text may reach over a line end: a rule of ``static/coterie.js``.
    """
    lines = (line.strip() for line in source.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//")) + "\n"


def serve(text: str) -> Served:
    """Return a script ready to be sent."""
    plain = text.encode()
    return Served(
        plain, gzip.compress(plain, 9, mtime=0), b'"' + hashlib.sha256(plain).hexdigest()[:20].encode() + b'"'
    )


@cache
def script() -> Served:
    """Return coterie.js as browsers get it: at most 4 KiB gzipped."""
    return serve(shorten((files("coterie.web") / "static" / "coterie.js").read_text("utf-8")))


def settings(write_key: str, host: str, protocol: str) -> bytes:
    """Return what ``@segment/analytics-next`` asks its CDN for: where to send, and that nothing else is loaded.

    Source: the settings document that library reads; measured with version 1.84.3.
    """
    destination = {"apiKey": write_key, "apiHost": f"{host}/v1", "protocol": protocol}
    return msgspec.json.encode({"integrations": {"Segment.io": destination}, "plan": {}, "metrics": {"sampleRate": 0}})


class Browser:
    """An ASGI app that answers what browsers ask for and hands everything else to ``rest``.

    ``known`` says whether a text is a write key. ``analytics`` is the file of Segment's library that the operator wants to be
    served to snippets (Coterie ships none), or ``None``.
    """

    def __init__(self, known: Callable[[str], bool], rest: App | None = None, *, analytics: Path | None = None) -> None:
        self._known, self._rest = known, rest
        self._analytics = serve(analytics.read_text("utf-8")) if analytics is not None else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(_PREFIXES):
            await self._other(scope, receive, send)
        elif scope["method"] == "OPTIONS":
            await _answer(send, 204, b"", (b"access-control-allow-methods", b"GET"), _ANY_HEADER, _ANY_AGE)
        elif scope["path"] == SCRIPT:
            await _send_script(scope, send, script())
        elif found := _SETTINGS.match(scope["path"]):
            await self._send_settings(scope, send, found.group(1))
        elif (found := _HOSTED.match(scope["path"])) and self._analytics is not None:
            await _send_script(scope, send, self._analytics)
        else:
            await self._other(scope, receive, send)

    async def _other(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._rest is not None:
            await self._rest(scope, receive, send)
        else:
            await _answer(send, 404, b"")

    async def _send_settings(self, scope: Scope, send: Send, write_key: str) -> None:
        if not self._known(write_key):
            refusal = document(NotFound("no such write key", hint="`coterie keys` lists them"))
            await _answer(send, 404, msgspec.json.encode(refusal), (b"content-type", _JSON))
            return
        protocol = scope.get("scheme", "http")
        body = settings(write_key, _host(scope), protocol)
        age = f"public, max-age={_SETTINGS_AGE_S}".encode()
        await _answer(send, 200, body, (b"content-type", _JSON), (b"cache-control", age))


_ANY_ORIGIN = (b"access-control-allow-origin", b"*")
_ANY_HEADER = (b"access-control-allow-headers", b"authorization, content-type, x-retry-count")
_ANY_AGE = (b"access-control-max-age", b"86400")


def _host(scope: Scope) -> str:
    """Return the host and port that the browser called, as its Host header says."""
    told = next((value for name, value in scope["headers"] if name == b"host"), b"")
    if told:
        return str(told.decode("latin-1"))
    host, port = scope.get("server") or ("localhost", 80)
    return f"{host}:{port}"


async def _send_script(scope: Scope, send: Send, served: Served) -> None:
    headers = dict(scope["headers"])
    common = ((b"etag", served.tag), (b"cache-control", b"public, max-age=300"), (b"vary", b"accept-encoding"))
    resources = (b"cross-origin-resource-policy", b"cross-origin")
    if headers.get(b"if-none-match") == served.tag:
        await _answer(send, 304, b"", *common, resources)
    elif b"gzip" in headers.get(b"accept-encoding", b""):
        zipped = (b"content-encoding", b"gzip")
        await _answer(send, 200, served.zipped, (b"content-type", _JAVASCRIPT), zipped, *common, resources)
    else:
        await _answer(send, 200, served.plain, (b"content-type", _JAVASCRIPT), *common, resources)


async def _answer(send: Send, status: int, body: bytes, *headers: tuple[bytes, bytes]) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, _ANY_ORIGIN, length]})
    await send({"type": "http.response.body", "body": body})
