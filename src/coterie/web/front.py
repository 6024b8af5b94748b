"""What every request passes first: its id, its route's figures, and who answers it. Raw ASGI: about 6 µs a request."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Protocol

from coterie.errors import CoterieError, Transient
from coterie.web.logs import REQUEST

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
_log = logging.getLogger("coterie.web")
_REQUEST_ID = b"x-request-id"
_ID = re.compile(rb"[A-Za-z0-9._:-]{1,64}")


class Watch(Protocol):
    """Who is told of every answer: its route, method, status and seconds."""

    def answered(self, route: str, method: str, status: int, seconds: float) -> None: ...


class Trace(Protocol):
    """Who may follow a request: ``begin`` returns what ``end`` is given, or ``None`` to leave it alone."""

    def begin(self, scope: Scope) -> Any: ...
    def end(self, span: Any, route: str, status: int) -> None: ...


class Front:
    """An ASGI app of apps. ``exact`` are apps by path; everything else goes to ``rest``.

    Every answer carries ``x-request-id`` (the caller's, when it sent a reasonable one). An exception that nobody caught is
    logged with it and answered as 500, in the one shape of errors, when nothing was sent yet.
    """

    def __init__(
        self, exact: Mapping[str, App], rest: App, watch: Watch, *, access_log: bool = False, trace: Trace | None = None
    ) -> None:
        self._exact, self._rest, self._watch = dict(exact), rest, watch
        self._access_log, self._trace = access_log, trace
        self._prefix, self._count = secrets.token_hex(4), 0
        self.open = 0
        """Requests under way."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._rest(scope, receive, send)
            return
        began = time.perf_counter()
        path = scope["path"]
        app = self._exact.get(path)
        request = self._request_id(scope)
        scope["coterie.request_id"] = request
        token = REQUEST.set(request)
        span = self._trace.begin(scope) if self._trace is not None else None
        status = 0
        header = (_REQUEST_ID, request.encode("latin-1"))

        async def tell(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), header]
            await send(message)

        self.open += 1
        try:
            await (self._rest if app is None else app)(scope, receive, tell)
        except asyncio.CancelledError:
            status = status or 499
            raise
        except Exception as error:  # noqa: BLE001 - the last place where a request's failure can be answered and told
            if not status:
                await answer_error(tell, error)
            if not isinstance(error, CoterieError) or error.http_status >= 500:
                _log.exception("a request failed", extra={"told": {"path": path}})
        finally:
            self.open -= 1
            route = path if app is not None else route_of(scope)
            seconds = time.perf_counter() - began
            self._watch.answered(route, scope["method"], status, seconds)
            if span is not None and self._trace is not None:
                self._trace.end(span, route, status)
            if self._access_log or (status >= 500 and status != 503):
                self._tell(scope, route, status, seconds)
            REQUEST.reset(token)

    def _request_id(self, scope: Scope) -> str:
        for name, value in scope["headers"]:
            if name == _REQUEST_ID and _ID.fullmatch(value):
                return str(value.decode("latin-1"))
        self._count += 1
        return f"{self._prefix}{self._count:08x}"

    def _tell(self, scope: Scope, route: str, status: int, seconds: float) -> None:
        client = scope.get("client")
        told = {"status": status, "ms": round(seconds * 1e3, 2), "route": route, "from": client[0] if client else ""}
        level = logging.WARNING if status >= 500 and status != 503 else logging.INFO
        _log.log(level, "%s %s", scope["method"], scope["path"], extra={"told": told})


def route_of(scope: Scope) -> str:
    """Return the route's pattern (``/v1/profiles/{id}``), never the path itself: a metric has few values."""
    route = scope.get("route")
    found = getattr(route, "path_format", None) or getattr(route, "path", None)
    if found:
        return str(found)
    return "/v1/profiles/{profile}" if scope["path"].startswith("/v1/profiles/") else "other"


async def answer_error(send: Send, error: Exception) -> None:
    """Answer with the error's status and words; of what is no CoterieError only that it happened."""
    from coterie.web.errors import document

    status = error.http_status if isinstance(error, CoterieError) else 500
    told = error if isinstance(error, CoterieError) else CoterieError("something failed here; it was logged")
    await answer(send, status, document(told), retry_after_s=1 if isinstance(error, Transient) else None)


async def answer(send: Send, status: int, document: Any, *, retry_after_s: int | None = None) -> None:
    """Send ``document`` as JSON."""
    import msgspec

    body = msgspec.json.encode(document)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if retry_after_s is not None:
        headers.append((b"retry-after", str(retry_after_s).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
