"""A shop's pages on one origin, Coterie on another, and the journal read back as the runner reads it."""

from __future__ import annotations

import asyncio
import io
import json
import threading
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import uvicorn

from coterie.connectors.sources.tracking import Refused, Tracked, decode
from coterie.storage.journal import Journal
from coterie.web.browser import Browser
from coterie.web.collect import Collect
from tests.servers import free_port, wait_until

WRITE_KEY = "wk_test"
_PAGE = """<!doctype html><html><head><meta charset="utf-8"><title>{title}</title>
<style>body {{ font: 16px sans-serif; margin: 2em; }}</style>{head}</head><body>{body}</body></html>"""


class Key(msgspec.Struct):
    """A key that may write."""

    id: str


class Keys:
    """Knows one write key."""

    def check(self, text: str, /, scope: str) -> Key | None:
        return Key("k1") if text == WRITE_KEY else None


class Place:
    """Both origins. ``answer`` makes the server answer every batch with that status instead of taking it."""

    def __init__(self, folder: Path, analytics: Path | None = None) -> None:
        self.journal = Journal(folder / "journal")
        self.journal.start()
        self.answer = 0
        self.headers: dict[str, str] = {}
        self.refused_requests = 0
        self._pages: dict[str, bytes] = {"/sound.wav": _sound()}
        browser = Browser(lambda text: text == WRITE_KEY, analytics=analytics)
        self._collect = Collect(self.journal, Keys(), rest=browser)
        self.port, self.site_port = free_port(), free_port()
        self.url, self.site = f"http://localhost:{self.port}", f"http://127.0.0.1:{self.site_port}"
        config = uvicorn.Config(
            self._app, host="localhost", port=self.port, log_level="warning", interface="asgi3", lifespan="off"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._server.serve()), daemon=True)
        self._shop = ThreadingHTTPServer(("127.0.0.1", self.site_port), _handler(self._pages))
        self._shop_thread = threading.Thread(target=self._shop.serve_forever, args=(0.02,), daemon=True)

    def start(self) -> None:
        """Both take requests."""
        self._thread.start()
        self._shop_thread.start()
        wait_until(lambda: self._server.started)

    def stop(self) -> None:
        """Both are gone."""
        self._shop.shutdown()
        self._shop.server_close()
        self._server.should_exit = True
        self._thread.join(10)
        self.journal.close()

    def page(self, path: str = "/", body: str = "<h1>Shop</h1>", title: str = "Shop", **options: Any) -> str:
        """Return the address of a page with coterie.js on it, loaded as the documentation says."""
        tag = (
            f"<script async src='{self.url}/coterie.js' data-write-key='{WRITE_KEY}'"
            f" data-options='{json.dumps({'delay': 20, **options})}'></script>"
        )
        return self.plain(path, body, title, tag)

    def plain(self, path: str, body: str = "", title: str = "Shop", head: str = "") -> str:
        """Return the address of a page as it is."""
        self._pages[path] = _PAGE.format(title=title, head=head, body=body).encode()
        return self.site + path

    def put(self, path: str, body: bytes) -> None:
        """The shop serves ``body`` at ``path``."""
        self._pages[path] = body

    # ── what arrived ─────────────────────────────────────────────────────────────────────────────────────────

    def raw(self) -> list[dict[str, Any]]:
        """Return every call as it was sent, one each, in order of arrival."""
        found = []
        for entry in self.journal.read(0, 100_000, 1 << 28) if self.journal.head else []:
            body = msgspec.json.decode(entry.body)
            found.extend(body["batch"] if entry.route == "batch" else [{"type": entry.route, **body}])
        return found

    def events(self) -> list[Tracked]:
        """Return the events as the runner sees them, duplicates out. Fails when one was refused."""
        seen: dict[str, Tracked] = {}
        refused: list[Refused] = []
        for entry in self.journal.read(0, 100_000, 1 << 28) if self.journal.head else []:
            decoded = decode(entry.route, entry.body, entry.received_at, position=entry.position)
            refused.extend(decoded.refused)
            for event in decoded.events:
                seen.setdefault(event.id, event)
        assert not refused
        return list(seen.values())

    def names(self) -> list[str]:
        """Return the names of the events in order."""
        return [event.name for event in self.events()]

    def named(self, name: str, count: int = 1) -> list[Tracked]:
        """Return the events of that name once there are ``count`` of them."""
        wait_until(lambda: self.names().count(name) >= count, 10, f"{name} x{count}; there are {self.names()}")
        found = [event for event in self.events() if event.name == name]
        assert len(found) == count, found
        return found

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        if self.answer and scope["path"] == "/v1/batch":
            self.refused_requests += 1
            told = [(name.encode(), value.encode()) for name, value in self.headers.items()]
            told += [(b"access-control-allow-origin", b"*"), (b"access-control-expose-headers", b"retry-after")]
            await send({"type": "http.response.start", "status": self.answer, "headers": told})
            await send({"type": "http.response.body", "body": b""})
            return
        await self._collect(scope, receive, send)


@contextmanager
def served(folder: Path, analytics: Path | None = None) -> Iterator[Place]:
    """A place is up inside."""
    place = Place(folder, analytics)
    place.start()
    try:
        yield place
    finally:
        place.stop()


def _handler(pages: dict[str, bytes]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages.get(self.path.partition("?")[0])
            self.send_response(404 if body is None else 200)
            kinds = {"wav": "audio/wav", "js": "text/javascript"}
            kind = kinds.get(self.path.rpartition(".")[2], "text/html; charset=utf-8")
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None: ...

    return Handler


def _sound(seconds: float = 2.0, rate: int = 8_000) -> bytes:
    """Return a silent sound: the shortest thing with a duration that a video element plays everywhere."""
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(rate)
        file.writeframes(b"\x80" * int(seconds * rate))
    return held.getvalue()
