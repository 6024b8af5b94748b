"""The client for programs with an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, TypeVar

import httpx

from coterie.client import asks
from coterie.client.answers import Change, Member, Plan, Profile, Segment
from coterie.client.asks import After
from coterie.client.events import Buffer, event_of
from coterie.client.wire import Ask, Lines, answer_of, failed, pause, query_of

T = TypeVar("T")


class AsyncClient:
    """A server at ``url`` (``http://localhost:8080``) and a key. Used as a context it sends what waits and closes at its end.

    Requests that were answered 429 or 503, or not at all, are sent again up to ``tries`` times. Events are collected and sent
    200 at a time, or by ``flush``. One event loop uses one client.
    """

    def __init__(self, url: str, key: str, *, timeout_s: float = 10.0, tries: int = 6) -> None:
        self._http = httpx.AsyncClient(
            base_url=url.rstrip("/"), timeout=timeout_s, headers={"authorization": f"Bearer {key}"}
        )
        self._tries = tries
        self._buffer = Buffer()
        self.position: int | None = None
        """The journal position of the last events that were sent: give it as ``after`` to read what they did."""

    # ── events ───────────────────────────────────────────────────────────────────────────────────────────────

    async def track(
        self,
        event: str,
        properties: Mapping[str, Any] | None = None,
        *,
        user_id: str | None = None,
        anonymous_id: str | None = None,
        at: datetime | None = None,
        message_id: str | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> None:
        """Something happened; it waits to be sent. ``at`` is now when left out. Raises: Problem when it is of nobody."""
        await self._add(
            event_of(
                "track", user_id=user_id, anonymous_id=anonymous_id, at=at, message_id=message_id, context=context,
                event=event, properties=dict(properties or {}),
            )
        )  # fmt: skip

    async def identify(
        self,
        user_id: str | None = None,
        traits: Mapping[str, Any] | None = None,
        *,
        anonymous_id: str | None = None,
        at: datetime | None = None,
        message_id: str | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> None:
        """Somebody has these traits; it waits to be sent. Given both ids, they are one person."""
        await self._add(
            event_of(
                "identify", user_id=user_id, anonymous_id=anonymous_id, at=at, message_id=message_id, context=context,
                traits=dict(traits or {}),
            )
        )  # fmt: skip

    async def _add(self, event: dict[str, Any]) -> None:
        self._buffer.add(event)
        if self._buffer.full:
            await self.flush()

    async def flush(self) -> int | None:
        """Return the journal position of the last events; everything that waited is durable. Raises: Refused, Unreachable."""
        while events := self._buffer.take():
            try:
                response = await self._sent(asks.batch(events))
                answer_of(asks.batch(()), response)
            except Exception:
                self._buffer.put_back(events)
                raise
            told = response.headers.get("coterie-position", "")
            self.position = int(told) if told.isdigit() else self.position
        return self.position

    # ── questions ────────────────────────────────────────────────────────────────────────────────────────────

    async def profile(
        self, ident: str, *, outlook: bool = False, identifiers: bool = False, after: After = None
    ) -> Profile:
        """Return a person, by id or by ``kind:value``. Raises: Refused (status 404) when nobody is known by it."""
        return await self.send(asks.profile(ident, outlook=outlook, identifiers=identifiers, after=after))

    async def segments(self, *, after: After = None) -> list[Segment]:
        """Return the segments in force."""
        found: list[Segment] = []
        cursor: str | None = None
        while True:
            page = await self.send(asks.segments(cursor, after))
            found += page.rows
            cursor = page.next
            if cursor is None:
                return found

    async def segment(self, key: str, *, after: After = None) -> Segment:
        """Return a segment with its definition."""
        return await self.send(asks.segment(key, after))

    async def members(self, key: str, *, at: str = "", page: int = 1000, after: After = None) -> AsyncIterator[Member]:
        """Yield who is in a segment now, or at the instant ``at``; pages are fetched as they are needed."""
        cursor: str | None = None
        while True:
            found = await self.send(asks.members(key, cursor, page, at, after))
            for row in found.rows:
                yield row
            cursor = found.next
            if cursor is None:
                return

    async def changes(
        self, *, cursor: int = 0, segment: str = "", profile: str = "", page: int = 1000, after: After = None
    ) -> AsyncIterator[Change]:
        """Yield the changes so far beyond sequence ``cursor``, in order."""
        place: str | None = str(cursor)
        while place is not None:
            found = await self.send(asks.changes(place, page, segment, profile, after))
            for row in found.rows:
                yield row
            place = found.next

    async def follow(self, *, cursor: int | None = None, segment: str = "", profile: str = "") -> AsyncIterator[Change]:
        """Yield changes as they happen, for ever; beyond sequence ``cursor``, or from now on. A broken stream is taken up again.

        Raises: Refused, and Unreachable when the server stays away.
        """
        if cursor is None:
            cursor = (await self.send(asks.changes(None, 1, "", "", None))).sequence
        lines, tries = Lines(cursor), 0
        ask: Ask[Any] = Ask(
            method="GET", path="/v1/changes/stream", answer=Any, query=query_of(segment=segment, profile=profile)
        )
        while True:
            response: httpx.Response | None = None
            try:
                timeout = httpx.Timeout(10.0, read=60.0)
                async with self._http.stream(
                    "GET", ask.path, params=ask.query, headers=lines.headers(), timeout=timeout
                ) as response:
                    if response.is_success:
                        tries = 0
                        async for line in response.aiter_lines():
                            for change in lines.take(line):
                                yield change
                    else:
                        await response.aread()
            except httpx.TransportError:
                response = None
            lines.drop()
            again = pause(ask, tries, response, self._tries) if response is None or not response.is_success else 0.1
            if again is None:
                raise failed(response, ask)
            tries += 1
            await asyncio.sleep(again)

    # ── changes of definitions, and everything else ──────────────────────────────────────────────────────────

    async def put_segment(self, definition: str | Mapping[str, Any], *, dry_run: bool = False) -> Plan:
        """Make or change a segment, given as YAML text or data, and return who enters and leaves. Raises: Refused with every problem."""
        return await self.send(asks.put_segment(definition, dry_run))

    async def delete_segment(self, key: str, *, dry_run: bool = False) -> Plan:
        """Remove a segment and return who leaves it."""
        return await self.send(asks.delete_segment(key, dry_run))

    async def request(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """Return the answer of any address, such as ``request("GET", "/v1/audit", limit=10)``, as plain data."""
        return await self.send(asks.plain(method, path, body, query))

    async def send(self, ask: Ask[T]) -> T:
        """Return the answer of a request, tried again where that can help. Raises: Refused, Unreachable."""
        return answer_of(ask, await self._sent(ask))

    async def _sent(self, ask: Ask[Any]) -> httpx.Response:
        tries = 0
        while True:
            response: httpx.Response | None = None
            failure: Exception | None = None
            try:
                headers = {} if ask.body is None else {"content-type": ask.content_type}
                response = await self._http.request(
                    ask.method, ask.path, params=ask.query, content=ask.body, headers=headers
                )
            except httpx.TransportError as error:
                failure = error
            again = pause(ask, tries, response, self._tries)
            if again is None:
                if response is not None:
                    return response
                raise failed(None, ask) from failure
            tries += 1
            await asyncio.sleep(again)

    async def close(self) -> None:
        """The connection is closed. What waits is not sent: ``flush`` does that."""
        await self._http.aclose()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                await self.flush()
        finally:
            await self.close()
