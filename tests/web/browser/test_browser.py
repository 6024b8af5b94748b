"""What browsers ask for: the script, small and cacheable, and the settings of Segment's library."""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path
from typing import Any

import msgspec
import pytest

from coterie.web.browser import Browser, script, shorten

GZIPPED_BYTES_MAX = 4096


def ask(app: Browser, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[bytes, bytes], bytes]:
    """Return (status, headers, body) of one request."""
    sent: list[Any] = []
    told = [(b"host", b"events.example.com"), *((k.replace("_", "-").encode(), v.encode()) for k, v in headers.items())]
    scope = {"type": "http", "method": method, "path": path, "headers": told, "scheme": "https"}

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("the body was read")

    asyncio.run(app(scope, receive, send))
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]


@pytest.fixture
def app() -> Browser:
    return Browser(lambda key: key == "wk")


def test_the_script_is_at_most_four_kilobytes() -> None:
    served = script()
    assert len(served.zipped) <= GZIPPED_BYTES_MAX
    assert gzip.decompress(served.zipped) == served.plain


def test_only_comments_and_indentation_are_removed() -> None:
    assert shorten("// a\nlet b = 1; // stays\n\n  // c\n  let d = 'x // y';\n") == (
        "let b = 1; // stays\nlet d = 'x // y';\n"
    )


def test_the_script_is_sent_gzipped_and_can_be_kept(app: Browser) -> None:
    status, headers, body = ask(app, "/coterie.js", accept_encoding="gzip, br")
    assert (status, headers[b"content-encoding"], body) == (200, b"gzip", script().zipped)
    status, headers, body = ask(app, "/coterie.js")
    assert (status, body) == (200, script().plain)
    assert b"content-encoding" not in headers
    status, _, body = ask(app, "/coterie.js", if_none_match=headers[b"etag"].decode())
    assert (status, body) == (304, b"")


def test_settings_say_where_to_send(app: Browser) -> None:
    status, headers, body = ask(app, "/v1/projects/wk/settings")
    told = msgspec.json.decode(body)
    assert status == 200
    assert headers[b"access-control-allow-origin"] == b"*"
    assert told["integrations"]["Segment.io"] == {
        "apiKey": "wk",
        "apiHost": "events.example.com/v1",
        "protocol": "https",
    }
    assert told["metrics"]["sampleRate"] == 0


def test_an_unknown_key_is_told(app: Browser) -> None:
    status, headers, body = ask(app, "/v1/projects/other/settings")
    assert status == 404
    assert headers[b"access-control-allow-origin"] == b"*"
    assert "write key" in msgspec.json.decode(body)["error"]["message"]


def test_a_preflight_is_answered(app: Browser) -> None:
    status, headers, _ = ask(app, "/v1/projects/wk/settings", "OPTIONS")
    assert (status, headers[b"access-control-allow-origin"]) == (204, b"*")


def test_everything_else_is_anothers(app: Browser, tmp_path: Path) -> None:
    assert ask(app, "/v1/profiles")[0] == 404
    assert ask(app, "/analytics.js/v1/wk/analytics.min.js")[0] == 404
    library = tmp_path / "analytics.min.js"
    library.write_text("1;")
    hosting = Browser(lambda key: True, analytics=library)
    assert ask(hosting, "/analytics.js/v1/wk/analytics.min.js")[2] == b"1;"
