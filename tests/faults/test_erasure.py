"""Killed in the middle of an erasure, again and again: it is finished by the next start, no event of others is lost or double,
and the receipt tells what there was before the first try."""

from __future__ import annotations

import multiprocessing
import random
import time
from pathlib import Path
from typing import Any

import pytest

from coterie.engine.privacy.erasure import Asked, erase, resume
from coterie.engine.privacy.keeping import pending_of, receipts_of
from coterie.engine.project import Project
from coterie.privacy.needles import Needles
from coterie.privacy.receipt import check
from coterie.storage.search import search
from tests.engine.privacy.people import BOB, everything, fill
from tests.faults.load import Writer, under_load
from tests.serving import Serving

ROUNDS = 20
FILES = {
    "segments/twice.yaml": "key: twice\nwhen: {did: {event: view, at_least: 2}}\n",
    "segments/lately.yaml": "key: lately\nwhen: {did: {event: order, within: 3s}}\n",
    "destinations/lines.yaml": "key: lines\nkind: file\npath: lines.jsonl\nsync: false\n",
    "triggers/twice.yaml": "key: twice\nwhen: {entered: twice}\ndestination: lines\n",
}
RUNNER = {"land_s": 0.7, "land_rows": 1_000, "snapshot_s": 1.1}
_fork = multiprocessing.get_context("forkserver")
_fork.set_forkserver_preload(["coterie.engine.privacy.erasure", "tests.engine.privacy.people", "tests.serving"])


@pytest.mark.slow
def test_an_erasure_by_command_is_killed_at_any_moment(tmp_path: Path) -> None:
    dice, cut = random.Random(20), 0
    for number in range(ROUNDS):
        shop = fill(tmp_path / f"shop{number}")
        before, root = everything(shop, BOB), shop.root
        child = _fork.Process(target=_erase, args=(root,))
        child.start()
        time.sleep(dice.uniform(0.0, 1.2))
        child.kill()
        child.join()
        again = Project(root)
        waiting = bool(pending_of(again))
        cut += waiting
        resume(again)
        if not receipts_of(again).all():
            erase(again, Asked(who=["u-20931"]))
        (receipt,) = receipts_of(again).all()
        check(receipt)
        found = {place.name: place.found for place in receipt.places}
        assert (found["log"], found["lists"], receipt.is_complete) == (6, 2, True)
        assert everything(again, BOB) == before
        needles = Needles(["ada@example.com", "u-20931", "browser-5c1f9a"])
        assert search(root / ".coterie", needles).found == []
    assert cut > ROUNDS // 5, "too few erasures were cut off"


def _erase(root: Path) -> None:
    erase(Project(root), Asked(who=["u-20931"]))


@pytest.mark.slow
def test_a_server_is_killed_while_it_erases_under_load(tmp_path: Path) -> None:
    folder, dice = tmp_path / "shop", random.Random(21)
    server = Serving(folder, settings={"runner": RUNNER}, files=FILES)
    server.start()
    writer = Writer(0, server.keys["write"])
    cut, done = 0, list[str]()
    for number in range(ROUNDS):
        who = f"guest-{number:04d}@example.com"
        _visit(server, who)

        def end(who: str = who) -> None:
            _ask(server, who)
            time.sleep(dice.uniform(0.0, 1.0))
            server.kill()

        under_load(server.url, [writer], end)
        cut += bool(pending_of(Project(folder)))
        done.append(who)
        server.start()
        _wait_finished(folder)
    server.stop()
    assert cut > ROUNDS // 5, "too few erasures were cut off"
    project = Project(folder)
    receipts = receipts_of(project).all()
    assert len(receipts) == ROUNDS
    for receipt in receipts:
        check(receipt)
        assert receipt.is_complete, receipt
    assert search(folder / ".coterie", Needles(done)).found == []
    ids = Project(folder).events.scan()["event_id"].to_pylist()
    assert len(ids) == len(set(ids))
    assert writer.acknowledged <= set(ids)


def _visit(server: Serving, who: str) -> None:
    calls: list[dict[str, Any]] = [
        {"type": "track", "event": "view", "userId": who, "messageId": f"{who}-{n}"} for n in range(3)
    ]
    answer = server.writing.post("/v1/batch", json={"batch": calls})
    assert answer.status_code == 200
    position = answer.headers["coterie-position"]
    assert server.reading.get(f"/v1/profiles/{who}", params={"after": position}).status_code == 200


def _ask(server: Serving, who: str) -> None:
    import threading

    def ask() -> None:
        import contextlib

        import httpx

        with contextlib.suppress(httpx.HTTPError):
            server.admin.post("/v1/privacy/erasures", json={"profiles": [who]})

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not pending_of(Project(server.folder)) and time.monotonic() < deadline:
        time.sleep(0.005)


def _wait_finished(folder: Path, timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while pending_of(Project(folder)):
        assert time.monotonic() < deadline, "the erasure was not finished"
        time.sleep(0.05)
