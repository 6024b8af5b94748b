"""A connection that is not held open, and not filled, by half a request: uvicorn bounds neither."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from coterie.limits import DEFAULT, Limits


class Connection(HttpToolsProtocol):
    """Uvicorn's protocol that ends when the head of a request is larger than ``limits.header_bytes_max`` or slower than
    ``limits.body_wait_us``. Cost: 0.3 µs a piece."""

    def __init__(self, *arguments: Any, limits: Limits = DEFAULT, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._head_bytes_max = limits.header_bytes_max
        self._head_wait_s = limits.body_wait_us / 1e6
        self._head_bytes = 0
        self._in_head = False
        self._deadline = 0.0
        """When a head that is waited for is too late, in the loop's time; 0 while none is waited for."""
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The first head is waited for."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for."""
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """The piece is parsed. One that was head from end to end counts for its size: others may hold a body too."""
        goes_on = self._in_head
        super().data_received(data)
        if goes_on and self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > self._head_bytes_max:
                self.send_400_response("The head of the request is too large.")

    def on_message_begin(self) -> None:
        """A head has begun; what was not waited for is now."""
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0
        if not self._deadline:
            self._wait()

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._in_head, self._head_bytes, self._deadline = False, 0, 0.0
        super().on_headers_complete()

    def _wait(self) -> None:
        """One timer serves all requests of the connection: it looks at the deadline, which each request sets anew."""
        self._deadline = self.loop.time() + self._head_wait_s
        if self._patience is None:
            self._patience = self.loop.call_at(self._deadline, self._look)

    def _look(self) -> None:
        self._patience = None
        if not self._deadline:
            return
        if self._deadline > self.loop.time():
            self._patience = self.loop.call_at(self._deadline, self._look)
        elif not self.transport.is_closing():
            self.transport.close()
