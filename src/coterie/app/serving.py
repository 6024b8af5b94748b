"""``serve``: from a folder and settings to a server that runs until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path

from msgspec import Struct

from coterie.app import place
from coterie.app.server import Server, listen, run, url_of
from coterie.app.service import Service
from coterie.errors import Conflict
from coterie.settings import Settings
from coterie.web.logs import set_up

_log = logging.getLogger("coterie.app")


class Opened(Struct, frozen=True, kw_only=True):
    """A server that listens: where, on which project, and the keys that were made because there were none."""

    url: str
    project: str
    pid: int
    keys: Mapping[str, str]
    """Scope → text. Told this once."""
    seconds: float
    """How long it took to listen."""


def serve(root: Path, settings: Settings, opened: Callable[[Opened], None]) -> int:
    """Serve the project in ``root`` until SIGTERM or SIGINT; ``opened`` is called when it listens. Return the exit code.

    Raises: InvalidDefinition with every mistake at once, Problem when the address is taken, Conflict when it is served already.
    """
    set_up(settings.server.log_format, settings.server.log_level)
    other = place.read(root)
    if other is not None and other.pid != os.getpid():
        raise Conflict(f"this project is served already, by process {other.pid} at {other.url}")
    return run(lambda: _serve(root, settings, opened))


async def _serve(root: Path, settings: Settings, opened: Callable[[Opened], None]) -> int:
    began = time.perf_counter()
    sock = listen(settings.server.host, settings.server.port)
    try:
        service = Service(root, settings)
    except BaseException:
        sock.close()
        raise
    server = Server(service.app, settings.server, service.close_soon, settings.limits)
    await service.start()
    here = place.Place(
        pid=os.getpid(), url=url_of(sock), started_at=time.time_ns() // 1_000, version=version("coterie")
    )
    place.write(root, here)
    try:
        seconds = time.perf_counter() - began
        opened(
            Opened(
                url=here.url,
                project=str(root),
                pid=here.pid,
                keys={str(scope): text for scope, text in service.first_keys.items()},
                seconds=seconds,
            )
        )
        await server.serve([sock])
    finally:
        await _stop(service, settings.server.shutdown_s)
        place.remove(root)
    return 0


async def _stop(service: Service, timeout_s: float) -> None:
    try:
        await asyncio.wait_for(service.stop(timeout_s), timeout_s)
    except TimeoutError:
        _log.warning(
            "not everything was finished within %g s; the journal has it, and the next start goes on", timeout_s
        )
