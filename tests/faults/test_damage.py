"""Files damaged while a server was dead: it says so, falls back, and comes to the same answers."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.faults.load import Writer, under_load
from tests.faults.test_kill import FILES, drain
from tests.faults.truth import check_changes, check_log
from tests.serving import Serving

RUNNER = {"land_s": 0.4, "land_rows": 1_000, "snapshot_s": 0.5}
QUIET = {name: text for name, text in FILES.items() if "lately" not in name and "left" not in name}


@pytest.fixture
def killed(tmp_path: Path) -> Any:
    """Return a server that was killed under load, the acknowledged ids, and the sizes it told before."""
    server = Serving(tmp_path / "shop", settings={"runner": RUNNER}, files=QUIET).start()
    writers = [Writer(number, server.keys["write"]) for number in range(2)]
    under_load(server.url, writers, lambda: time.sleep(2.5))
    drain(server)
    sizes = sizes_of(server)
    server.kill()
    yield server, set().union(*(one.acknowledged for one in writers)), sizes
    server.close()


def sizes_of(server: Serving) -> dict[str, int]:
    """Return how many members each segment has."""
    found = server.reading.get("/v1/segments").json()
    return {row["key"]: row["size"] for row in found["rows"]}


def warnings_of(server: Serving) -> str:
    return " ".join(server.reading.get("/readyz").json()["warnings"])


def finish(server: Serving, acknowledged: set[str]) -> None:
    server.stop()
    check_log(server.folder, acknowledged)
    check_changes(server.folder)


def test_a_corrupted_snapshot_is_passed_over(killed: Any) -> None:
    server, acknowledged, sizes = killed
    newest = sorted((server.folder / ".coterie" / "snapshots").glob("*.snapshot"))[-1]
    data = bytearray(newest.read_bytes())
    data[len(data) * 2 // 3] ^= 0x10
    newest.write_bytes(data)
    server.start()
    assert "checksum differs" in warnings_of(server)
    assert sizes_of(server) == sizes
    finish(server, acknowledged)


def test_a_truncated_state_is_computed_again(killed: Any) -> None:
    server, acknowledged, sizes = killed
    state = server.folder / ".coterie" / "state.db"
    for side in ("-wal", "-shm"):
        Path(f"{state}{side}").unlink(missing_ok=True)
    state.write_bytes(state.read_bytes()[: state.stat().st_size * 3 // 5])
    server.start()
    drain(server)
    assert "set aside" in warnings_of(server)
    assert sizes_of(server) == sizes
    finish(server, acknowledged)


def test_a_truncated_end_of_the_journal_is_told_and_survived(killed: Any) -> None:
    server, acknowledged, sizes = killed
    log = sorted((server.folder / ".coterie" / "journal").glob("*-wal"))[-1]
    log.write_bytes(log.read_bytes()[:-3_000])
    server.start()
    drain(server)
    assert "journal" in warnings_of(server)
    assert sizes_of(server) == sizes
    answer = server.writing.post(
        "/v1/batch", json={"batch": [{"type": "track", "event": "view", "userId": "late", "messageId": "after-all"}]}
    )
    assert answer.status_code == 200
    drain(server)
    finish(server, acknowledged | {"after-all"})
