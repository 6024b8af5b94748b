"""An erasure while a runner serves: the same promises, and everything that is computed goes on as if the person had never been."""

from __future__ import annotations

import random
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from coterie.clock import ManualClock
from coterie.engine import definitions
from coterie.engine.history import History
from coterie.engine.privacy.erasure import Asked
from coterie.engine.privacy.keeping import pending_of, receipts_of
from coterie.engine.privacy.served import Erasures
from coterie.engine.project import HIDDEN, Project
from coterie.engine.running.mirroring import mirror
from coterie.engine.verification import verify
from coterie.privacy.needles import Needles
from coterie.storage.search import search
from tests.engine.running.served import HOUR, SECOND, SEGMENTS, START, Served, make, served, track

MINE = ("ada@example.com", "u-20931", "browser-5c1f9a")
ADA: dict[str, Any] = {"userId": "u-20931", "anonymousId": "browser-5c1f9a"}


def identify(number: int, **traits: Any) -> dict[str, Any]:
    return {"type": "identify", "messageId": f"i{number}", **ADA, "traits": {"email": "Ada@example.com", **traits}}


def stories(one: Served) -> None:
    """Ada and others do things; some of it is landed and in a snapshot, some is not."""
    one.send({"type": "track", "event": "view", "messageId": "a0", "anonymousId": "browser-5c1f9a"})
    one.send(identify(1, plan="pro"), track("view", "bob-77"), track("view", "bob-77", 1))
    one.send({"type": "track", "event": "view", "messageId": "a1", **ADA})
    one.send(track("add_to_cart", "eve-31"), {"type": "track", "event": "add_to_cart", "messageId": "a2", **ADA})
    one.runner.land()
    one.runner.snapshot()
    one.send(track("view", "eve-31"), {"type": "track", "event": "view", "messageId": "a3", **ADA})
    one.send({"type": "track", "messageId": "bad", **ADA, "event": ""})


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Served]:
    with served(make(tmp_path / "shop")) as one:
        stories(one)
        yield one


def clean(project: Project, texts: tuple[str, ...] = MINE) -> None:
    found = search(project.root / HIDDEN, Needles(texts)).found
    assert found == []


def test_the_person_is_gone_from_state_and_disk_and_others_stay(shop: Served) -> None:
    assert shop.members("twice") == ["bob-77", "u-20931"]
    mirror(shop.project, shop.runner.database)
    others = [row for row in shop.changes() if row[1] != "u-20931" and "browser" not in row[1]]
    receipt = Erasures(shop.runner).erase(Asked(who=["email:ada@example.com"], by="tests"))
    assert receipt.is_complete, receipt
    clean(shop.project)
    assert shop.members("twice") == ["bob-77"]
    assert shop.members("pro") == []
    assert {name: table.count() for name, table in shop.project.mirrors.items()} == {
        "profiles": 2, "identities": 2, "triggers": 0,
    }  # fmt: skip
    assert shop.runner.counts() == {"lately": 2, "left-cart": 0, "pro": 0, "twice": 1}
    assert shop.changes() == others
    assert shop.runner.find("u-20931") is None
    assert shop.runner.find("email:ada@example.com") is None
    assert shop.runner.profile("u-20931") is None
    assert shop.runner.profiles().rows == ("bob-77", "eve-31")


def test_timers_go_on_for_the_others_and_not_for_the_person(shop: Served) -> None:
    Erasures(shop.runner).erase(Asked(who=["u-20931"]))
    shop.at(START + 2 * HOUR)
    assert shop.members("left-cart") == ["eve-31"]
    assert shop.members("lately") == []
    shop.runner.land()
    clean(shop.project)


def test_the_person_does_not_come_back(shop: Served) -> None:
    Erasures(shop.runner).erase(Asked(who=["u-20931"]))
    shop.send({"type": "track", "event": "view", "messageId": "b1", **ADA}, track("view", "bob-77", 9))
    shop.send(
        {"type": "track", "event": "view", "messageId": "b2", "userId": "carl-1", "anonymousId": "browser-5c1f9a"}
    )
    assert shop.runner.find("u-20931") is None
    assert shop.runner.find("anonymous_id:browser-5c1f9a") is None
    assert shop.runner.find("carl-1") == "carl-1"


def test_the_person_does_not_come_back_by_what_is_refused(shop: Served) -> None:
    Erasures(shop.runner).erase(Asked(who=["u-20931"]))
    shop.send({"type": "track", "messageId": "bad1", **ADA, "event": ""})
    shop.send({"type": "track", "messageId": "bad2", "userId": "bob-77", "event": ""})
    shop.runner.land()
    rows = shop.project.quarantine.rows()["row"].to_pylist()
    assert ["bob-77" in one for one in rows] == [True]


def test_what_was_refused_goes_in_any_spelling_and_does_not_come_back(shop: Served) -> None:
    shop.send(identify(2, phone="+4791234567"))
    spellings = ("+47 912 34 567", "0047 91234567", "(+47) 912-34-567")
    for number, one in enumerate(spellings):
        shop.send({"type": "track", "messageId": f"odd{number}", "userId": "", "traits": {"phone": one}, "event": ""})
    shop.runner.land()
    assert shop.project.quarantine.rows().num_rows == 4
    receipt = Erasures(shop.runner).erase(Asked(who=["u-20931"]))
    assert receipt.is_complete, receipt
    assert shop.project.quarantine.rows().num_rows == 0
    clean(shop.project, (*MINE, "+4791234567", *spellings))
    listed = {"context": {"externalIds": [{"id": "u-20931", "type": "user_id"}]}}
    shop.send({"type": "track", "messageId": "odd7", "event": "", **listed})
    shop.send({"type": "track", "messageId": "odd8", "event": "", "context": {"traits": {"phone": spellings[1]}}})
    shop.runner.land()
    assert shop.project.quarantine.rows().num_rows == 0


def test_after_a_restart_everything_is_as_it_was(tmp_path: Path) -> None:
    root, clock = make(tmp_path / "shop"), ManualClock(START)
    with served(root, clock) as one:
        stories(one)
        Erasures(one.runner).erase(Asked(who=["u-20931"]))
        before = {key: one.members(key) for key in SEGMENTS}, one.changes(), one.runner.profiles().rows
    with served(root, clock) as one:
        assert ({key: one.members(key) for key in SEGMENTS}, one.changes(), one.runner.profiles().rows) == before
        assert not one.runner.status().warnings
        clean(one.project)
        one.send(track("view", "eve-31", 7))
        assert one.members("twice") == ["bob-77", "eve-31"]


def test_events_that_come_meanwhile_are_all_there_once(shop: Served) -> None:
    stopped, sent = threading.Event(), list[str]()

    def send() -> None:
        dice = random.Random(4)
        while not stopped.is_set() and len(sent) < 3_000:
            number = len(sent)
            one = {**track("view", f"guest-{dice.randrange(50)}", number), "messageId": f"m{number}"}
            shop.journal.append_now("batch", "test", __import__("json").dumps({"batch": [one]}).encode())
            sent.append(f"m{number}")

    thread = threading.Thread(target=send)
    thread.start()
    receipt = Erasures(shop.runner).erase(Asked(who=["u-20931"]))
    stopped.set()
    thread.join()
    assert receipt.is_complete
    shop.until(lambda: shop.runner.status().journal_position >= shop.journal.head)
    shop.runner.land()
    ids = shop.project.events.scan(names=["view"])["event_id"].to_pylist()
    assert sorted(one for one in ids if one.startswith("m")) == sorted(sent)
    state = {key: shop.members(key) for key in SEGMENTS}
    fresh = Served.__new__(Served)
    assert fresh is not None
    shop.stop()
    with served(shop.project.root, shop.clock) as again:
        assert {key: again.members(key) for key in SEGMENTS} == state
        clean(again.project)
    shop.start = lambda: shop  # type: ignore[method-assign]


def test_an_erasure_cut_off_by_a_crash_is_finished_by_the_next_start(tmp_path: Path) -> None:
    root, clock = make(tmp_path / "shop"), ManualClock(START)
    one = Served(root, clock).start()
    stories(one)
    erasures = Erasures(one.runner)
    renewed = erasures._state()

    class Killed(Exception):
        pass

    def die(wanted: Any) -> None:
        raise Killed

    import msgspec

    erasures._state = lambda: msgspec.structs.replace(renewed, clear=die)  # type: ignore[method-assign]
    with pytest.raises(Killed):
        erasures.erase(Asked(who=["u-20931"]))
    one.crash()
    assert len(pending_of(one.project)) == 1
    with served(root, clock) as again:
        (receipt,) = Erasures(again.runner).resume()
        assert receipt.is_complete
        assert {place.name: place.found for place in receipt.places}["log"] == 7
        assert again.members("twice") == ["bob-77"]
        clean(again.project)
    assert [one.id for one in receipts_of(one.project).all()] == [receipt.id]


def test_a_merge_with_somebody_else_that_was_undone_leaves_them_whole(tmp_path: Path) -> None:
    root = make(tmp_path / "shop")
    with served(root) as one:
        stories(one)
        one.put({"id": "hand1", "name": "$merge", "profile": "bob-77", "properties": {"loser": "u-20931"}})
        one.put({"id": "hand2", "name": "$unmerge", "profile": "bob-77", "properties": {"loser": "u-20931"}})
        receipt = Erasures(one.runner).erase(Asked(who=["u-20931"]))
        assert receipt.is_complete
        assert {place.name: place.found for place in receipt.places}["log: events of others"] == 2
        clean(one.project)
        assert one.members("twice") == ["bob-77"]
        assert one.runner.identities.merges_of("bob-77") == []
        assert one.clock.now() + SECOND > START


def test_the_three_readers_agree_after_an_erasure(shop: Served) -> None:
    Erasures(shop.runner).erase(Asked(who=["u-20931"]))
    shop.at(START + 3 * HOUR)
    shop.runner.land()
    found = verify(shop.project, definitions.catalog(shop.project), count=8)
    assert found.differences == 0
    assert found.judged > 0
    now = {key: set(shop.members(key)) for key in SEGMENTS}
    with History(shop.project.events) as history:
        catalog = definitions.catalog(shop.project)
        assert {key: history.members_at(catalog, key, shop.clock.now()) for key in SEGMENTS} == now


@pytest.mark.parametrize(
    "plant",
    ["plain.json", "packed.db", "free.db"],
)
def test_a_place_that_was_forgotten_is_found_by_the_search(tmp_path: Path, plant: str) -> None:
    root = make(tmp_path / "shop")
    with served(root) as one:
        stories(one)
        hidden = root / HIDDEN / "somewhere"
        hidden.mkdir()

        class Forgetful(Erasures):
            def _note(self, project: Project) -> None:
                super()._note(project)
                leave_behind(hidden / plant)

        receipt = Forgetful(one.runner).erase(Asked(who=["u-20931"]))
        assert not receipt.is_complete
        assert [place.split(" ")[0] for place in receipt.searched.places] == [f"somewhere/{plant}"] * len(
            receipt.searched.places
        )
        assert receipt.searched.places


def leave_behind(path: Path) -> None:
    """The person is in a file that no shelf knows: as text, packed in a database, or deleted and still in its pages."""
    if path.suffix == ".json":
        path.write_text('{"mail":"ADA@example.com"}')
        return
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA secure_delete=OFF")
    connection.execute("CREATE TABLE some (data BLOB)")
    table = pa.table({"profile": ["u-20931"]})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as stream:
        stream.write_table(pa.concat_tables([table] * 50))
    connection.execute("INSERT INTO some VALUES (?)", (sink.getvalue().to_pybytes(),))
    connection.commit()
    if path.name == "free.db":
        connection.execute("INSERT INTO some VALUES ('ada@example.com')")
        connection.commit()
        connection.execute("DELETE FROM some")
        connection.commit()
    connection.close()
