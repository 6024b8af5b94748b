"""The edge alone: what is answered while the server recovers, and when it goes away."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import msgspec
import pytest

from coterie.clock import SystemClock
from coterie.engine.running.answers import Phase, ProfileState, Status, TraitState
from coterie.limits import Limits
from coterie.storage.access import AccessStore
from coterie.web.access import Keys
from coterie.web.api.application import api
from coterie.web.api.desk import Desk
from coterie.web.buckets import Limiter
from coterie.web.edge import text_of
from tests.serving import Serving
from tests.web.conftest import FILES

STATUS = Status(
    phase=Phase.RECOVERING, ready=False, note="reading the log", progress=0.4, journal_head=9, journal_position=3,
    log_position=3, landed_position=3, advanced_to=0, sequence=0, snapshot_position=0, snapshot_at=0,
)  # fmt: skip
ADA = ProfileState(
    profile="ada", asked_for="ada", first_seen=0, traits={"n": TraitState(1, 1_500_000)}, memberships=(), absorbed=()
)


class Asked:
    """An app that is asked without a server."""

    def __init__(self, folder: Path, status: Status, limits: Limits = Limits()) -> None:  # noqa: B008  immutable
        access = AccessStore(folder / "access.db")
        self.keys = Keys(access, SystemClock(), limits)
        self.texts = self.keys.bootstrap()
        runner: Any = SimpleNamespace(
            status=lambda: status, profile=lambda who: ADA if who == "ada" else None, find=lambda who: None
        )
        journal: Any = SimpleNamespace(head=9)
        project: Any = SimpleNamespace()
        self.desk = Desk(
            project=project, runner=runner, journal=journal, keys=self.keys, access=access,
            limiter=Limiter(self.keys.rate, limits), clock=SystemClock(), limits=limits,
        )  # fmt: skip
        self._app = api(self.desk)

    def get(self, path: str, key: str = "read", into: list[Any] | None = None) -> tuple[int, dict[bytes, bytes], Any]:
        """Return status, headers and body of the answer; its messages are put ``into`` a list, too."""
        sent: list[Any] = [] if into is None else into
        path_only, _, query = path.partition("?")
        scope: dict[str, Any] = {
            "type": "http", "method": "GET", "path": path_only, "raw_path": path_only.encode(), "http_version": "1.1",
            "query_string": query.encode(), "headers": [(b"authorization", f"Bearer {self.texts[key]}".encode())],  # type: ignore[index]
            "client": ("10.0.0.1", 5), "server": ("test", 80), "scheme": "http", "root_path": "",
        }  # fmt: skip

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(self._app(scope, receive, send))
        body = b"".join(one.get("body", b"") for one in sent[1:])
        return sent[0]["status"], dict(sent[0]["headers"]), msgspec.json.decode(body)


def test_while_it_recovers_it_says_how_far_it_is(tmp_path: Path) -> None:
    asked = Asked(tmp_path, STATUS)
    for path in ("/v1/segments", "/v1/profiles/ada", "/v1/changes"):
        status, headers, body = asked.get(path)
        assert status == 503
        assert headers[b"retry-after"] == b"1"
        assert body["error"]["type"] == "unavailable"
        assert "40%" in body["error"]["message"]
        assert body["error"]["hint"] == "reading the log"
    status, _, body = asked.get("/v1/status")
    assert (status, body["phase"], body["progress"]) == (200, "recovering", 0.4)
    assert asked.get("/v1/openapi.json")[0] == 200


def test_a_profile_is_answered_without_the_machinery(tmp_path: Path) -> None:
    asked = Asked(tmp_path, msgspec.structs.replace(STATUS, ready=True))
    status, headers, body = asked.get("/v1/profiles/ada")
    assert status == 200
    assert body["traits"] == {"n": {"value": 1, "set_at": "1970-01-01T00:00:01.500000Z"}}
    assert headers[b"content-type"] == b"application/json"
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert asked.get("/v1/profiles/bo")[0] == 404
    assert asked.get("/v1/profiles/ada", key="write")[0] == 403


def test_a_fault_of_ours_says_nothing_of_the_program(tmp_path: Path) -> None:
    asked = Asked(tmp_path, msgspec.structs.replace(STATUS, ready=True))
    sent: list[Any] = []
    with pytest.raises(AttributeError):
        asked.get("/v1/lists", into=sent)
    assert sent[0]["status"] == 500
    told = msgspec.json.decode(sent[1]["body"])["error"]
    assert told["type"] == "internal"
    assert "Attribute" not in str(sent)
    assert "lists" not in told["message"]


def test_limits_of_the_settings_hold(tmp_path: Path) -> None:
    ready = msgspec.structs.replace(STATUS, ready=True)
    asked = Asked(tmp_path, ready, Limits(api_header_bytes_max=40))
    assert asked.get("/v1/status")[0] == 431
    full = Asked(tmp_path / "full", ready, Limits(streams_max=0))
    status, headers, body = full.get("/v1/changes/stream")
    assert (status, headers[b"retry-after"], body["error"]["type"]) == (429, b"10", "overloaded")


@pytest.mark.parametrize(
    ("header", "text"),
    [
        (b"Bearer abc", "abc"),
        (b"bearer  abc ", "abc"),
        (b"Basic YWJjOnh5eg==", "abc"),
        (b"Basic YWJj", "abc"),
        (b"Basic \xff", ""),
        (b"", ""),
        (b"abc", ""),
    ],
)
def test_keys_are_read_from_headers(header: bytes, text: str) -> None:
    assert text_of(header) == text


def test_a_graceful_stop_ends_streams(tmp_path: Path) -> None:
    with Serving(tmp_path / "shop", files=FILES) as server:
        began, ended = threading.Event(), threading.Event()

        url, headers = f"{server.url}/v1/changes/stream", {"authorization": f"Bearer {server.keys['read']}"}

        def follow() -> None:
            with httpx.stream("GET", url, headers=headers, timeout=60) as answer:
                for _ in answer.iter_raw():
                    began.set()
            ended.set()

        thread = threading.Thread(target=follow, daemon=True)
        thread.start()
        assert began.wait(10)
        assert server.stop() == 0
        assert ended.wait(10), "the stream was cut off instead of ended"
