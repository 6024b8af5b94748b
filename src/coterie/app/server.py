"""Uvicorn, run our way: the socket is open before anything else starts, and signals ask for a graceful end."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any, cast

import uvicorn

from coterie.app.connection import Connection
from coterie.errors import Problem
from coterie.limits import DEFAULT, Limits
from coterie.settings import Server as Settings

BACKLOG = 2_048
DRAIN_S = 5.0
"""Seconds that requests under way may take once a stop was asked for."""
_log = logging.getLogger("coterie.app")


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens, so that early connections wait instead of failing. Raises: Problem."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        taken = error.errno == errno.EADDRINUSE
        hint = (
            "another program listens there: choose another port, coterie serve --port 0 takes a free one"
            if taken
            else ""
        )
        what = error.strerror or str(error)
        raise Problem(what, where="server.host, server.port", received=f"{host}:{port}", hint=hint) from error
    sock.setblocking(False)
    return sock


def url_of(sock: socket.socket) -> str:
    """Return the address at which this machine reaches ``sock``."""
    host, port = sock.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = "localhost"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Server(uvicorn.Server):
    """Uvicorn whose signals are ours: the first one begins a graceful end, the second one quits at once."""

    def __init__(self, app: Any, settings: Settings, on_stop: Callable[[], None], limits: Limits = DEFAULT) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                loop="uvloop",
                http=cast(Any, partial(Connection, limits=limits)),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=settings.connections_max,
                timeout_graceful_shutdown=int(DRAIN_S),
                timeout_keep_alive=75,
            )
        )
        self._on_stop = on_stop
        self._signals = 0

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are heard by the event loop while the server runs."""
        loop = asyncio.get_running_loop()
        heard = (signal.SIGINT, signal.SIGTERM)
        for one in heard:
            with contextlib.suppress(ValueError, RuntimeError):
                loop.add_signal_handler(one, self._heard, one)
        try:
            yield
        finally:
            for one in heard:
                with contextlib.suppress(ValueError, RuntimeError):
                    loop.remove_signal_handler(one)

    def _heard(self, number: signal.Signals) -> None:
        self._signals += 1
        if self._signals > 1:
            _log.warning("second signal: quitting at once; the journal has what was acknowledged")
            os._exit(130)
        _log.info("stopping", extra={"told": {"signal": number.name}})
        self.stop()

    def stop(self) -> None:
        """No more requests are accepted, and ``serve`` returns when those under way are answered."""
        self._on_stop()
        self.should_exit = True


def run(main: Callable[[], Awaitable[int]]) -> int:
    """Return the exit code of ``main``, run in a uvloop event loop (asyncio's own where there is none)."""
    config = uvicorn.Config(app=lambda: None, loop="uvloop", log_config=None)
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        return runner.run(_awaited(main))


async def _awaited(main: Callable[[], Awaitable[int]]) -> int:
    return await main()
