"""Both clients against a real server."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from coterie.client import AsyncClient, Client, Refused, Unreachable
from tests.serving import Serving

BUYERS = "key: buyers\nwhen:\n  did: {event: order_completed, within: 30d}\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with Serving(tmp_path_factory.mktemp("asked") / "shop", files={"segments/buyers.yaml": BUYERS}) as one:
        one.reading.get("/v1/segments", params={"after": "latest", "timeout": 30})
        yield one


def test_events_go_out_and_what_they_did_is_read(server: Serving) -> None:
    with Client(server.url, server.keys["admin"]) as client:
        client.identify("ada", {"plan": "pro"}, anonymous_id="b-1")
        for _ in range(450):
            client.track("seen", user_id="ada")
        client.track("order_completed", {"total": 3}, user_id="ada", at=datetime.now(UTC))
        position = client.flush()
        assert position == client.position
        ada = client.profile("anonymous_id:b-1", after=position, outlook=True, identifiers=True)
        assert ada.profile == "ada"
        assert ada.trait("plan") == "pro"
        assert ada.trait("age", 7) == 7
        assert ada.is_in("buyers")
        assert ada.segments[0].changes_at is not None
        assert ("anonymous_id", "b-1") in [(one.kind, one.value) for one in ada.identifiers]
        assert client.request("GET", "/v1/profiles/ada/aggregate", kind="count", event="seen")["value"] == 450
        assert [one.key for one in client.segments()] == ["buyers"]
        assert client.segment("buyers").definition["key"] == "buyers"


def test_pages_are_gone_through(server: Serving) -> None:
    with Client(server.url, server.keys["admin"]) as client:
        for number in range(7):
            client.track("order_completed", user_id=f"page-{number}")
        after = client.flush()
        found = [one.profile for one in client.members("buyers", page=3, after=after)]
        assert found == sorted(found)
        assert {f"page-{number}" for number in range(7)} <= set(found)
        rows = list(client.changes(page=2, segment="buyers"))
        assert [one.sequence for one in rows] == sorted({one.sequence for one in rows})
        assert {one.profile for one in rows} >= set(found)


def test_definitions_are_changed(server: Serving) -> None:
    with Client(server.url, server.keys["admin"]) as client:
        plan = client.put_segment("key: seers\nwhen:\n  did: {event: seen}\n", dry_run=True)
        assert not plan.applied
        done = client.put_segment({"key": "seers", "when": {"did": {"event": "seen"}}})
        assert done.applied
        assert "seers" in [row.key for row in done.rows]
        assert client.delete_segment("seers").applied
        with pytest.raises(Refused) as caught:
            client.put_segment("key: seers\nwhen:\n  didd: {event: seen}\n")
        assert caught.value.problems


def test_a_stream_is_taken_up_again(server: Serving) -> None:
    with Client(server.url, server.keys["write"]) as writer, Cable(server.url) as cable:
        found: list[str] = []
        done = threading.Event()

        def follow() -> None:
            with Client(cable.url, server.keys["read"]) as client:
                for change in client.follow(segment="buyers"):
                    found.append(change.profile)
                    if len(found) == 6:
                        done.set()
                        return

        thread = threading.Thread(target=follow)
        thread.start()
        _until(lambda: cable.carried > 0)
        for round_ in range(3):
            cable.cut()
            for number in range(2):
                writer.track("order_completed", user_id=f"cut-{round_}-{number}")
            writer.flush()
            _until(lambda count=2 * round_ + 2: len(found) == count)  # type: ignore[misc]
        assert done.wait(20)
        thread.join(10)
        assert found == [f"cut-{round_}-{number}" for round_ in range(3) for number in range(2)]


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


class Cable:
    """A TCP connection to a server that can be cut."""

    def __init__(self, url: str) -> None:
        host, port = url.removeprefix("http://").split(":")
        self._there = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.carried = 0
        self._wires: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                here, _ = self._listener.accept()
                there = socket.create_connection(self._there)
                self._wires += [here, there]
                for one, other in ((here, there), (there, here)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65_536):
                other.sendall(data)
                if one.getpeername() == self._there:
                    self.carried += len(data)

    def cut(self) -> None:
        """Every connection is broken."""
        for wire in self._wires:
            with contextlib.suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)
                wire.close()
        self._wires.clear()

    def __enter__(self) -> Cable:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self.cut()


def test_what_is_refused_is_an_error(server: Serving) -> None:
    with Client(server.url, server.keys["read"]) as client:
        with pytest.raises(Refused) as caught:
            client.profile("nobody")
        assert (caught.value.status, caught.value.type) == (404, "not_found")
        with pytest.raises(Refused) as caught:
            client.request("GET", "/v1/keys")
        assert caught.value.status == 403
        with pytest.raises(Refused):
            next(client.follow(profile="nobody"))
    with (
        Client("http://127.0.0.1:9", server.keys["read"], tries=1) as gone,
        pytest.raises(Unreachable, match="no answer"),
    ):
        gone.segments()


def test_a_key_with_a_rate_waits_its_turn(server: Serving) -> None:
    with Client(server.url, server.keys["admin"]) as admin:
        text = admin.request("POST", "/v1/keys", {"name": "slow", "scope": "read", "events_per_s": 5})["text"]
    with Client(server.url, text) as client:
        for _ in range(14):
            client.segments()


def test_the_same_awaited(server: Serving) -> None:
    async def talk() -> None:
        async with AsyncClient(server.url, server.keys["admin"]) as client:
            await client.identify("eve", {"plan": "free"})
            await client.track("order_completed", user_id="eve")
            after = await client.flush()
            eve = await client.profile("eve", after=after)
            assert eve.is_in("buyers")
            assert "eve" in [one.profile async for one in client.members("buyers", page=2)]
            rows = [one async for one in client.changes(profile="eve")]
            assert [one.segment for one in rows] == ["buyers"]
            async for change in client.follow(cursor=rows[0].sequence - 1, profile="eve"):
                assert change == rows[0]
                break
            with pytest.raises(Refused):
                await client.profile("nobody")
            assert (await client.request("GET", "/v1/status"))["ready"] is True

    asyncio.run(talk())
