"""``POST /v1/webhooks/<name>``: what others send, checked, mapped and durable before it is answered. Raw ASGI."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from coterie.connectors.rows import Chunk
from coterie.connectors.sources.definitions import Definition, open_source
from coterie.connectors.sources.delivery import ROUTE, Delivery, pack
from coterie.connectors.sources.tracking.tracked import Refused
from coterie.connectors.sources.webhook.config import Inbox
from coterie.connectors.sources.webhook.requests import chunk_of_request
from coterie.connectors.sources.webhook.signatures import check
from coterie.engine.sourcing.mapper import Mapped, Mapper
from coterie.errors import CoterieError, LimitExceeded, NotFound
from coterie.identity.rules import Rules
from coterie.limits import DEFAULT, Limits
from coterie.web.collect import answers, bodies
from coterie.web.collect.collect import NotAllowed
from coterie.web.collect.ports import App, Receive, Scope, Send, Store
from coterie.web.errors import body_of, headers_of

PATH = "/v1/webhooks/"
ROUTE_TOLD = "/v1/webhooks/{name}"
_ASIDE_BYTES = 32 * 1024
"""A larger body is mapped beside the event loop."""


class Maps(Protocol):
    """The mapping of a source at work."""

    def map(self, chunk: Chunk, place: str, now: int) -> Mapped: ...


class Hook(Struct, frozen=True):
    """One webhook: who may send, and what becomes of its rows."""

    inbox: Inbox
    label: str
    """What the log and the quarantine call it: ``source:<name>``."""
    mapper: Maps
    lock: asyncio.Lock


class _Route(Struct, frozen=True):
    path: str = ROUTE_TOLD


class Webhooks:
    """The ASGI app of all webhooks. Answers 200 once everything is durable.

    401 for what is not signed as it should be, 404 for a name that is not there, 413 for a body beyond the bound; 429 and 503
    ask to send again. What cannot be read or mapped is kept in quarantine and answered 200: sending it again would not mend it.
    """

    def __init__(self, journal: Store, hooks: Mapping[str, Hook], limits: Limits = DEFAULT) -> None:
        self._journal, self._hooks, self._limits = journal, dict(hooks), limits
        self._answers: Counter[tuple[str, int]] = Counter()

    def change(self, hooks: Mapping[str, Hook]) -> None:
        """Requests that begin from now on meet these webhooks."""
        self._hooks = dict(hooks)

    def tallies(self) -> dict[tuple[str, int], int]:
        """Return the answers by name (only of webhooks that exist) and status."""
        return dict(self._answers)

    def before(self, rest: App) -> App:
        """Return the app that answers the paths of webhooks here, and leaves all others to ``rest``."""

        async def either(scope: Scope, receive: Receive, send: Send) -> None:
            here = scope["type"] == "http" and scope["path"].startswith(PATH)
            await (self if here else rest)(scope, receive, send)

        return either

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The request is answered."""
        scope["route"] = _Route()
        name = scope["path"].removeprefix(PATH).strip("/")
        hook = self._hooks.get(name)
        status = 200
        try:
            if hook is None:
                raise NotFound(
                    f"no webhook {name[:100]!r}", hint=f"sources/{name[:100]}.yaml with kind: webhook makes one"
                )
            if scope["method"] != "POST":
                raise NotAllowed(f"{scope['method']} is not taken here", hint="POST JSON or a form")
            await self._take(hook, scope, receive, send)
        except bodies.Gone:
            status = 499
        except CoterieError as error:
            status = error.http_status
            headers = headers_of(error) + ([(b"allow", b"POST")] if status == 405 else [])
            await answers.answer(send, status, body_of(error), headers)
        finally:
            if hook is not None:
                self._answers[name, status] += 1

    async def _take(self, hook: Hook, scope: Scope, receive: Receive, send: Send) -> None:
        limits = self._limits
        size = sum(len(one) + len(text) for one, text in scope["headers"])
        if size > limits.header_bytes_max:
            raise LimitExceeded("the headers are too large", hint=f"at most {limits.header_bytes_max:,} bytes")
        headers = {one.decode("latin-1").lower(): text.decode("latin-1") for one, text in scope["headers"]}
        length = headers.get("content-length", "")
        if length.isdigit() and int(length[:18]) > limits.webhook_bytes_max:
            raise _too_large(limits)
        try:
            body = await bodies.read(receive, limits.webhook_bytes_max, limits.body_wait_us)
        except bodies.TooLarge:
            raise _too_large(limits) from None
        check(hook.inbox, headers, body, time.time_ns() // 1_000)
        mapped = await self._map(hook, headers, body)
        told = Delivery(source=hook.inbox.name, position={}, events=mapped.events, refused=mapped.refused)
        position = await self._journal.append(ROUTE, hook.label, pack(told))
        if mapped.refused:
            count = len(mapped.events) + len(mapped.refused)
            await answers.partly(send, position, (), count, [_without_row(one) for one in mapped.refused])
        else:
            await answers.stored(send, position, ())

    async def _map(self, hook: Hook, headers: Mapping[str, str], body: bytes) -> Mapped:
        now = self._journal.clock.now()
        async with hook.lock:
            if len(body) <= _ASIDE_BYTES:
                return _mapped(hook, headers, body, now)
            return await asyncio.to_thread(_mapped, hook, headers, body, now)


def _mapped(hook: Hook, headers: Mapping[str, str], body: bytes, now: int) -> Mapped:
    chunk = chunk_of_request(hook.inbox.config, hook.inbox.name, headers, body, now)
    return hook.mapper.map(chunk, f"{PATH}{hook.inbox.name}", now)


def _without_row(one: Refused) -> Refused:
    """Return a refusal as the sender is told it: not with what it sent."""
    return Refused(index=one.index, reason=one.reason, where="", received=one.received, allowed=one.allowed, id=one.id)


def _too_large(limits: Limits) -> LimitExceeded:
    return LimitExceeded("the body is too large", hint=f"at most {limits.webhook_bytes_max:,} bytes")


def hooks_of(sources: Mapping[str, Definition], rules: Rules, root: Path, limits: Limits = DEFAULT) -> dict[str, Hook]:
    """Return the webhooks among the sources, by name. Raises: InvalidDefinition when the environment lacks a secret."""
    found: dict[str, Hook] = {}
    for name, definition in sources.items():
        if not (definition.kind.word == "webhook" and definition.enabled):
            continue
        inbox = open_source(definition, root, os.environ, limits)
        assert isinstance(inbox, Inbox)
        found[name] = Hook(inbox, definition.label, Mapper(definition, rules, limits=limits), asyncio.Lock())
    return found
