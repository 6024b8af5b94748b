"""One request in: decode, check the key, make it durable, answer. Raw ASGI, about 60 µs for 50 events."""

from __future__ import annotations

import binascii
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs

from coterie.connectors.sources.tracking import Inspected, Options, inspect, with_gpc
from coterie.errors import CoterieError, NotFound, Overloaded, Problem
from coterie.limits import DEFAULT, Limits
from coterie.web.collect import answers, bodies
from coterie.web.collect.paths import METRICS, PATHS
from coterie.web.collect.ports import App, KeyFound, Keys, Limiter, Receive, Scope, Send, Store
from coterie.web.errors import body_of, headers_of

_ANYWHERE = ("*",)
_CLOSE = (b"connection", b"close")


class Unauthorized(CoterieError):
    """No key that may write came with the request."""

    http_status = 401


class HeadersTooLarge(CoterieError):
    """The headers are beyond ``limits.header_bytes_max``."""

    http_status = 431


class NotAllowed(CoterieError):
    """The path takes another method."""

    http_status = 405


class Collect:
    """The ASGI app that takes events. ``paths`` are its own; others go to ``routes``, then ``prefixes``, then ``rest``.

    Answers 200 once everything is durable, with the position in ``Coterie-Position``. Clients drop what gets another 4xx
    than 408 and 429 for ever: those are only for what no retry mends.
    """

    def __init__(
        self,
        journal: Store,
        keys: Keys,
        limits: Limits = DEFAULT,
        *,
        limiter: Limiter | None = None,
        origins: Sequence[str] = _ANYWHERE,
        options: Options | None = None,
        routes: Mapping[str, App] | None = None,
        prefixes: Sequence[tuple[str, App]] = (),
        rest: App | None = None,
    ) -> None:
        self._journal, self._keys, self._limits, self._limiter = journal, keys, limits, limiter
        self._origins, self._options = answers.Origins(origins), options or Options()
        self._routes, self._prefixes, self._rest = dict(routes or {}), tuple(prefixes), rest
        self.paths = tuple(PATHS)
        """The paths answered here."""
        self._statuses: Counter[int] = Counter()
        self._events = self._refused = self._bytes = 0

    def tallies(self) -> dict[str, int]:
        """Return plain figures for metrics: events, refused events, bytes, and answers by status."""
        told = {f"answers_{status}": count for status, count in self._statuses.items()}
        return {"events": self._events, "refused": self._refused, "bytes": self._bytes, **told}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The request is answered."""
        route = PATHS.get(scope["path"]) if scope["type"] == "http" else None
        if route is None:
            await self._elsewhere(scope, receive, send)
            return
        headers = dict(scope["headers"])
        shown = self._origins.headers(headers.get(b"origin", b""))
        try:
            if scope["method"] == "OPTIONS":
                await answers.permitted(send, headers.get(b"access-control-request-headers", b""), shown)
            elif scope["method"] != "POST":
                raise NotAllowed(f"{scope['method']} is not taken here", hint="POST a JSON object")
            else:
                self._check_headers(scope)
                await self._take(scope, headers, route, receive, send, shown)
                self._statuses[200] += 1
        except bodies.Gone:
            self._statuses[499] += 1
        except CoterieError as error:
            self._statuses[error.http_status] += 1
            await self._explain(send, error, shown)

    async def _take(
        self,
        scope: Scope,
        headers: dict[bytes, bytes],
        route: str,
        receive: Receive,
        send: Send,
        shown: tuple[answers.Header, ...],
    ) -> None:
        limits = self._limits
        length = headers.get(b"content-length", b"")
        if length.isdigit() and int(length[:20]) > limits.batch_bytes_max:
            raise bodies.TooLarge(
                "the body is too large", received=int(length[:20]), allowed=f"{limits.batch_bytes_max} bytes"
            )
        body = await bodies.read(receive, limits.batch_bytes_max, limits.body_wait_us)
        if route == METRICS:
            await answers.stored(send, self._journal.head, shown)
            return
        kind = headers.get(b"content-type", b"")
        body = bodies.text_of(body, headers.get(b"content-encoding", b""), kind, limits.batch_bytes_max)
        body, inspected = self._inspect(route, body)
        key = self._key(headers.get(b"authorization", b""), inspected.write_key, scope.get("query_string", b""))
        if self._limiter is not None and (wait_s := self._limiter.take(key.id, inspected.events)) > 0:
            raise Overloaded("the key sends more than it may", retry_after_s=max(1, math.ceil(wait_s)))
        if headers.get(b"sec-gpc") == b"1":
            body = with_gpc(body)
        position = await self._journal.append(route, key.id, body) if inspected.events else self._journal.head
        self._events += inspected.events
        self._bytes += len(body)
        if inspected.refused:
            self._refused += len(inspected.refused)
            await answers.partly(send, position, shown, inspected.events, inspected.refused)
        else:
            await answers.stored(send, position, shown)

    def _inspect(self, route: str, body: bytes) -> tuple[bytes, Inspected]:
        """Return the body, mended if it had to be, and what is to be said of it. Raises: NotJson, TooLarge."""
        now, limits = self._journal.clock.now(), self._limits
        try:
            return body, inspect(route, body, limits, self._options, now=now)
        except Problem as problem:
            if problem.where == "batch" and problem.received is not None:
                raise bodies.TooLarge(
                    problem.what, where="batch", received=problem.received, allowed=problem.allowed, hint=problem.hint
                ) from None
            body = bodies.mend(body, problem.hint)
        try:
            return body, inspect(route, body, limits, self._options, now=now)
        except Problem as problem:
            raise bodies.NotJson(
                problem.what, where=problem.where, allowed=problem.allowed, hint=problem.hint
            ) from None

    def _key(self, authorization: bytes, told: str, query: bytes) -> KeyFound:
        """Return the key of the request: in ``Authorization``, else in the body, else in the query. Raises: Unauthorized."""
        for text in (_text_of_key(authorization), told, _queried(query)):
            if text:
                found = self._keys.check(text, scope="write")
                if found is not None:
                    return found
        raise Unauthorized(
            "no key that may write came with the request",
            hint="send the write key as user name of Basic authorization, as Bearer token, or as writeKey in the body",
        )

    def _check_headers(self, scope: Scope) -> None:
        size = sum(len(name) + len(value) for name, value in scope["headers"])
        if size > self._limits.header_bytes_max:
            raise HeadersTooLarge(f"{size} bytes of headers", hint=f"at most {self._limits.header_bytes_max} are taken")

    async def _explain(self, send: Send, error: CoterieError, shown: tuple[answers.Header, ...]) -> None:
        headers = [*headers_of(error), *shown]
        if error.http_status == 405:
            headers.append((b"allow", b"POST, OPTIONS"))
        if isinstance(error, bodies.TooLarge | bodies.TooSlow | HeadersTooLarge):
            headers.append(_CLOSE)
        await answers.answer(send, error.http_status, body_of(error), headers)

    async def _elsewhere(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        app = self._routes.get(path) or next(
            (app for start, app in self._prefixes if path.startswith(start)), self._rest
        )
        if app is not None:
            await app(scope, receive, send)
        elif scope["type"] == "http":
            error = NotFound(f"nothing is at {path}", hint="events go to POST /v1/batch")
            await answers.answer(send, 404, body_of(error), headers_of(error))


def _text_of_key(authorization: bytes) -> str:
    """Return the key in an ``Authorization`` header: the user name of Basic, or the token of Bearer; empty if there is none."""
    scheme, _, value = authorization.partition(b" ")
    scheme = scheme.lower()
    if scheme == b"basic":
        try:
            return binascii.a2b_base64(value.strip()).partition(b":")[0].decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return ""
    return value.strip().decode("latin-1") if scheme == b"bearer" else ""


def _queried(query: bytes) -> str:
    if b"writeKey" not in query:
        return ""
    try:
        return parse_qs(query.decode("latin-1"), max_num_fields=16).get("writeKey", [""])[0]
    except ValueError:
        return ""
