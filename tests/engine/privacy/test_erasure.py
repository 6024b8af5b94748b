"""An erasure while nobody serves: nothing of the person is anywhere, everything of the others is as it was, the receipt says so."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest

from coterie.connectors.mapping_file import load_mapping, parse_mapping
from coterie.engine.ingest import ingest
from coterie.engine.intake import intake_of
from coterie.engine.privacy import erasure
from coterie.engine.privacy.erasure import Asked, erase, preview
from coterie.engine.privacy.keeping import pending_of, public_key, receipts_of, secret_of
from coterie.engine.privacy.shelves import shelves_of
from coterie.engine.privacy.suppressions import is_suppressed, let_back
from coterie.engine.privacy.verification import verify
from coterie.engine.project import HIDDEN, Project
from coterie.errors import Conflict, NotFound, Problem
from coterie.model import IDENTIFY, LINK
from coterie.privacy.needles import Needles
from coterie.privacy.receipt import check, is_about
from coterie.settings import Privacy
from coterie.storage import quarantine
from coterie.storage.search import search
from coterie.values import canonical
from tests.engine.privacy.people import BOB, everything, fill, refused_row
from tests.engine.projects import NOW, project

MINE = ("ada@example.com", "Ada@Example.com", "u-20931", "browser-5c1f9a")


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    return fill(tmp_path / "shop")


def test_nothing_of_the_person_is_left_and_everything_of_the_others_is_as_it_was(shop: Project) -> None:
    before = everything(shop, BOB)
    receipt = erase(shop, Asked(who=["email:ADA@example.com"], by="tests", reason="asked for it"))
    assert receipt.is_complete, receipt
    assert search(shop.root / HIDDEN, Needles(MINE)).found == []
    assert shop.events.scan(profiles=["u-20931", "anonymous_id:browser-5c1f9a"]).num_rows == 0
    assert everything(shop, BOB) == before
    assert (shop.root / "lists" / "vip.csv").read_text() == "profile\nbob-77\n"


def test_the_receipt_tells_what_was_found_where_and_not_who_it_was(shop: Project) -> None:
    receipt = erase(shop, Asked(who=["u-20931"], by="tests"))
    found = {place.name: place.found for place in receipt.places if place.found}
    assert found["log"] == 6
    assert found["membership changes"] == 1
    assert found["quarantine"] == 1
    assert found["lists"] == 2
    assert found["matches"] == 1
    assert found["audit log"] == 1
    assert all(place.left == 0 for place in receipt.places)
    text = msgspec.json.encode(receipt).lower()
    assert not Needles(MINE).found_in(text)
    assert is_about(receipt, "email:ada@example.com", secret_of(shop))
    assert is_about(receipt, "u-20931", secret_of(shop))
    assert not is_about(receipt, "bob-77", secret_of(shop))


def test_a_receipt_that_was_changed_is_refused(shop: Project) -> None:
    receipt = erase(shop, Asked(who=["u-20931"]))
    kept = receipts_of(shop).get(receipt.id)
    check(kept, public_key(shop))
    with pytest.raises(Problem, match="changed after it was signed"):
        check(msgspec.structs.replace(kept, reason="nobody asked"))
    with pytest.raises(Problem, match="another key"):
        check(kept, b"\0" * 32)


def test_a_receipt_to_which_something_was_added_is_refused(shop: Project) -> None:
    number = erase(shop, Asked(who=["u-20931"])).id
    path = shop.root / HIDDEN / "privacy" / "receipts" / f"{number}.json"
    told = msgspec.json.decode(path.read_bytes())
    for more in ({**told, "remark": "of no use"}, {**told, "searched": {**told["searched"], "by": "somebody"}}):
        path.write_bytes(msgspec.json.encode(more))
        with pytest.raises(Problem, match="not a receipt"):
            receipts_of(shop).get(number)


def test_a_preview_counts_and_changes_nothing(shop: Project) -> None:
    before = {path: path.read_bytes() for path in (shop.root / HIDDEN / "events").rglob("*.parquet")}
    told = preview(shop, Asked(who=["u-20931"]))
    assert told.places["log"] == 6
    assert set(told.identifiers) == {"user_id:u-20931", "email:ada@example.com", "anonymous_id:browser-5c1f9a"}
    assert {path: path.read_bytes() for path in (shop.root / HIDDEN / "events").rglob("*.parquet")} == before
    assert pending_of(shop) == []


def test_who_was_erased_does_not_come_back(shop: Project) -> None:
    erase(shop, Asked(who=["u-20931"]))
    stages = intake_of(shop).stages
    assert [stage.name for stage in stages] == ["suppress"]
    again = Project(shop.root, settings=shop.settings)
    fill(shop.root, only_events=True)
    assert again.events.scan(profiles=["u-20931", "anonymous_id:browser-5c1f9a"]).num_rows == 0


def test_rows_of_who_was_erased_do_not_come_back_into_quarantine(tmp_path: Path) -> None:
    rows = [
        {"days": 1, "event_id": "e1", "profile": "c003", "name": "view"},
        {"days": 1, "event_id": "e2", "profile": "c004", "name": "view"},
    ]
    made = project(tmp_path / "shop", {}, *rows)
    told = {"source": "shop", "event": "view", "profile": "customer", "occurred_at": "at", "id": "content"}
    (made.root / "mappings").mkdir(exist_ok=True)
    (made.root / "mappings" / "shop.yaml").write_bytes(msgspec.json.encode(told))
    erase(made, Asked(who=["c003"]))
    file = tmp_path / "shop.csv"
    file.write_text("customer,at\nc003,odd\nc004,odd\nc003,2024-01-01T00:00:00Z\n")
    done = ingest(made, [file], load_mapping(made.root / "mappings" / "shop.yaml"), now=NOW)
    assert (done.suppressed, done.refused, done.added) == (2, 1, 0)
    assert [msgspec.json.decode(one)["customer"] for one in made.quarantine.rows()["row"].to_pylist()] == ["c004"]


def test_who_is_kept_under_a_pseudonym_is_kept_away_by_the_real_value_and_lifted_by_it(tmp_path: Path) -> None:
    plain = project(tmp_path / "shop", {})
    made = Project(
        plain.root, settings=msgspec.structs.replace(plain.settings, privacy=Privacy(pseudonym_kinds=("email",)))
    )
    told = {
        "source": "m",
        "event": "view",
        "profile": "who",
        "occurred_at": "at",
        "id": "content",
        "identifiers": {"email": "mail"},
    }
    for n, who in enumerate(("u-1001", "u-2002")):
        file = tmp_path / f"{n}.csv"
        file.write_text(f"who,mail,at\n{who},ada@example.com,2024-01-01T00:00:00Z\n")
        done = ingest(made, [file], parse_mapping(told), now=NOW)
        if n == 0:
            receipt = erase(made, Asked(who=["u-1001"]))
    assert (done.suppressed, done.added) == (1, 0)
    assert is_suppressed(made, "email:ada@example.com")
    found = verify(made, receipt, ["email:Ada@example.com"])
    assert (found.about, found.suppressed, found.holds) == (True, True, True)
    assert let_back(made, "email:ada@example.com") == 2
    assert not is_suppressed(made, "email:ada@example.com")


def test_without_suppression_the_person_may_come_back(shop: Project) -> None:
    erase(shop, Asked(who=["u-20931"], suppress=False))
    assert intake_of(shop).stages == ()


def test_nobody_is_told_of_at_once(shop: Project) -> None:
    with pytest.raises(NotFound, match="nobody is called"):
        erase(shop, Asked(who=["nobody-9"]))
    receipt = erase(shop, Asked(who=["email:eve@example.com"], unknown=True))
    assert {place.name: place.found for place in receipt.places if place.found} == {"quarantine": 1}


def test_a_definition_in_force_that_names_the_person_must_be_changed_first(shop: Project) -> None:
    (shop.root / "segments" / "friends.yaml").write_text(
        "key: friends\nwhen: {trait: {name: email, equals: ada@example.com}}\n"
    )
    with pytest.raises(Conflict, match="friends"):
        erase(shop, Asked(who=["u-20931"]))
    assert pending_of(shop) == []


def test_somebody_with_a_short_id_goes_and_those_with_longer_ids_lose_nothing(tmp_path: Path) -> None:
    """``c00`` is short, ``user-1`` is telling; neither is ``c003`` nor ``user-17``, who are others."""
    names = ("c00", "user-1", "c003", "user-17")
    rows = [{"days": 3, "event_id": f"e{n}", "profile": one, "name": "view"} for n, one in enumerate(names)]
    said = [
        {"days": 2, "event_id": f"s{one}", "profile": "c003", "name": "view", "properties": f'{{"by":"{one}"}}'}
        for one in names
    ]
    made = project(tmp_path / "shop", {}, *rows, *said)
    (made.root / "mappings").mkdir(exist_ok=True)
    (made.root / "mappings" / "shop.yaml").write_text(
        "source: shop\nprofile: {column: buyer, prefix: user-}\noccurred_at: at\nid: content\nevent: view\n"
    )
    refused = [
        *({"customer": one} for one in names),
        {"userId": "c00"},
        {"buyer": "1"},
        {"buyer": "17"},
        {"plan": "c00"},
    ]
    made.quarantine.add(
        pa.Table.from_pylist(
            [refused_row(f"r{n}", canonical(one)) for n, one in enumerate(refused)], schema=quarantine.SCHEMA
        )
    )
    receipt = erase(made, Asked(who=["c00", "user-1"]))
    assert receipt.is_complete, receipt
    assert sorted(made.quarantine.rows()["row"].to_pylist()) == sorted(
        canonical(one) for one in [{"customer": "c00"}, *refused[2:4], {"buyer": "17"}, {"plan": "c00"}]
    )
    kept = made.events.scan()
    assert sorted(kept["profile"].to_pylist()) == ["c003"] * 5 + ["user-17"]
    assert {one for one in kept["properties"].to_pylist() if "by" in one} == {
        '{"by":"c00"}', '{"by":"[erased]"}', '{"by":"c003"}', '{"by":"user-17"}',
    }  # fmt: skip


def test_short_ids_go_from_lists_and_links_of_others(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"event_id": "a", "profile": "c00", "name": "view"},
        {"event_id": "a#link0", "profile": "c00", "name": LINK, "properties": {"kind": "device_id", "value": "d1"}},
        {"event_id": "b", "profile": "bob", "name": "view"},
        {"event_id": "b#link0", "profile": "bob", "name": LINK, "properties": {"kind": "device_id", "value": "d1"}},
        {"event_id": "b#link1", "profile": "bob", "name": LINK, "properties": {"kind": "device_id", "value": "d2", "moved_from": "c00"}},
        {"event_id": "c", "profile": "bob", "name": "told", "properties": {"externalIds": [{"id": "c00", "type": "user_id"}, {"id": "x"}]}},
        {"event_id": "d", "profile": "bob", "name": "told", "properties": {"by": {"kind": "user_id", "value": "c00"}, "id": "c00"}},
        {"event_id": "e", "profile": "c00", "name": LINK, "properties": {"kind": "device_id", "value": "d1"}},
    ]  # fmt: skip
    told = ({"days": 3, **one, "properties": canonical(one.get("properties", {}))} for one in rows)
    made = project(tmp_path / "shop", {}, *told)
    refused = [{"context": {"externalIds": [{"id": one, "type": "user_id"}]}} for one in ("c00", "c003")]
    made.quarantine.add(
        pa.Table.from_pylist(
            [refused_row(f"r{n}", canonical(one)) for n, one in enumerate(refused)], schema=quarantine.SCHEMA
        )
    )
    receipt = erase(made, Asked(who=["c00"]))
    assert receipt.is_complete, receipt
    assert made.quarantine.rows()["row"].to_pylist() == [canonical(refused[1])]
    kept = {row["event_id"]: msgspec.json.decode(row["properties"]) for row in made.events.scan().to_pylist()}
    assert kept == {
        "b": {},
        "b#link1": {"kind": "device_id", "value": "d2", "moved_from": "[erased]"},
        "c": {"externalIds": [{"id": "[erased]", "type": "user_id"}, {"id": "x"}]},
        "d": {"by": {"kind": "user_id", "value": "[erased]"}, "id": "c00"},
    }


@pytest.mark.parametrize("region", ["", "NO"])
def test_refused_rows_go_however_they_spell_the_person(tmp_path: Path, region: str) -> None:
    link = {"kind": "phone", "value": "+4791234567"}
    made = project(
        tmp_path / "shop",
        {},
        {"days": 3, "event_id": "a", "profile": "u-20931", "name": "view"},
        {"days": 3, "event_id": "a#link0", "profile": "u-20931", "name": LINK, "properties": canonical(link)},
        {"days": 3, "event_id": "b", "profile": "bob-77", "name": IDENTIFY, "properties": '{"bio":"ring +47 912 34 567"}'},
    )  # fmt: skip
    if region:
        (made.root / "governance").mkdir()
        (made.root / "governance" / "phones.yaml").write_text(
            f'key: phones\nrules:\n  - {{identifier: phone, phone: "{region}"}}\n'
        )
    theirs = ["+47 912 34 567", "0047 91234567", "(+47) 912-34-567"]
    perhaps = ["912 34 567", "4791234567"]
    rows = [{"phone": one} for one in (*theirs, *perhaps, "+46 912 34 567", "+47 912 34 568")]
    rows.append({"order": "91234567"})
    made.quarantine.add(
        pa.Table.from_pylist(
            [refused_row(f"r{n}", canonical(one)) for n, one in enumerate(rows)], schema=quarantine.SCHEMA
        )
    )
    receipt = erase(made, Asked(who=["u-20931"]))
    assert receipt.is_complete, receipt
    stay = rows[5:] if region else rows[3:]
    assert sorted(made.quarantine.rows()["row"].to_pylist()) == sorted(map(canonical, stay))
    assert made.events.scan()["properties"].to_pylist() == ['{"bio":"ring [erased]"}']
    assert verify(made, receipt, ["u-20931", "phone:0047 912 34 567"]).holds


def test_somebody_whom_thousands_of_others_name_goes_in_seconds(tmp_path: Path) -> None:
    rows = [
        {"days": 3, "event_id": f"e{n}", "profile": f"bob-{n}", "name": "sold", "properties": '{"by":"seller-77"}'}
        for n in range(3_000)
    ]
    made = project(tmp_path / "shop", {}, *rows, {"event_id": "s", "profile": "seller-77", "name": "view", "days": 1})
    begun = time.monotonic()
    receipt = erase(made, Asked(who=["seller-77"]))
    assert time.monotonic() - begun < 10
    assert receipt.is_complete
    assert {one.name: one.found for one in receipt.places}["log: events of others"] == 3_000
    assert set(made.events.scan()["properties"].to_pylist()) == {'{"by":"[erased]"}'}


@pytest.mark.parametrize("step", [0, 1, 2, 4, 9, 10])
def test_an_erasure_cut_off_anywhere_is_finished_by_the_next_and_tells_the_same(
    shop: Project, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(Exception):
        pass

    calls = 0
    shelves = shelves_of

    def cut(project: Project) -> list[Any]:
        def clear(one: Any) -> Any:
            def work(wanted: Any) -> None:
                nonlocal calls
                calls += 1
                if calls > step:
                    raise Killed
                one.clear(wanted)

            return msgspec.structs.replace(one, clear=work)

        return [clear(one) for one in shelves(project)]

    monkeypatch.setattr(erasure, "shelves_of", cut)
    try:
        erase(shop, Asked(who=["u-20931"]))
    except Killed:
        monkeypatch.setattr(erasure, "shelves_of", shelves)
        assert len(pending_of(shop)) == 1
        erasure.resume(shop)
    (receipt,) = receipts_of(shop).all()
    assert receipt.is_complete
    assert {place.name: place.found for place in receipt.places if place.found}["log"] == 6
    assert search(shop.root / HIDDEN, Needles(MINE)).found == []
