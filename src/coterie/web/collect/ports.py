"""What collecting needs of others: keys, rates, a journal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Literal, Protocol, TypeAlias

from coterie.clock import Clock

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


class KeyFound(Protocol):
    """A key that may do what was asked."""

    @property
    def id(self) -> str: ...


class Keys(Protocol):
    """Who may write."""

    def check(self, text: str, /, scope: Literal["write"]) -> KeyFound | None: ...


class Limiter(Protocol):
    """How much a key may send: 0 when it may, else the seconds after which it may."""

    def take(self, key_id: str, /, events: int) -> float: ...


class Store(Protocol):
    """Where requests become durable."""

    clock: Clock
    head: int

    async def append(self, route: str, source: str, body: bytes, /) -> int: ...
