from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from coterie.connectors.sources import cut
from coterie.connectors.sources.files import retake, take
from coterie.errors import InvalidDefinition, NotFound, Problem
from coterie.segments.instants import instant_of
from tests.connectors.files import NOW, events, mapping, refused, written

CSV = "who,at,paid,note\nada,2026-01-05T10:00:00Z,2.50,x\nbob,2026-01-05 11:00:00,3,\n"
JSONL = (
    '{"who":"ada","at":"2026-01-05T10:00:00Z","paid":2.5,"note":"x"}\n'
    '{"who":"bob","at":"2026-01-05 11:00:00","paid":3}\n'
)
PROPERTIES = {"paid": {"column": "paid", "type": "number"}, "note": "note"}


@pytest.mark.parametrize(
    "name", ["f.csv", "f.csv.gz", "f.csv.zst", "f.jsonl", "f.jsonl.gz", "f.jsonl.zst", "f.parquet"]
)
def test_every_format_gives_the_same_events(tmp_path: Path, name: str) -> None:
    if name == "f.parquet":
        rows = [json.loads(line) for line in JSONL.splitlines()]
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / name)
        file = tmp_path / name
    else:
        file = written(tmp_path, name, CSV if ".csv" in name else JSONL)
    found = events(file, mapping(properties=PROPERTIES))
    assert [(one["profile"], one["name"], one["properties"]) for one in found] == [
        ("ada", "bought", {"paid": 2.5, "note": "x"}),
        ("bob", "bought", {"paid": 3}),
    ]
    assert [one["occurred_at"] for one in found] == [
        instant_of("2026-01-05T10:00:00Z"),
        instant_of("2026-01-05T11:00:00Z"),
    ]
    assert all(one["received_at"] == one["occurred_at"] for one in found)


def test_equal_rows_count_and_equal_files_do_not(tmp_path: Path) -> None:
    line = "ada,2026-01-05T10:00:00Z\n"
    file = written(tmp_path, "f.csv", "who,at\n" + line * 3)
    first = [one["event_id"] for one in events(file, mapping())]
    assert len(set(first)) == 3
    assert [one["event_id"] for one in events(file, mapping())] == first
    other = written(tmp_path, "g.csv", "who,at\n" + line * 2)
    assert [one["event_id"] for one in events(other, mapping())] == first[:2], (
        "a row that another file repeats is the same row"
    )
    assert events(file, mapping(source="other"))[0]["event_id"] not in first


def test_every_bad_row_is_kept_with_its_reason_and_place(tmp_path: Path) -> None:
    text = (
        "id,who,at,paid\n"
        "1,ada,2026-01-05T10:00:00Z,1\n"
        "2,ada,yesterday,1\n"
        "3,,2026-01-05T10:00:00Z,1\n"
        ",ada,2026-01-05T10:00:00Z,1\n"
        "5,ada,2026-01-05T10:00:00Z,much\n"
        "6,ada,2999-01-05T10:00:00Z,1\n"
        "7,ada,2028-01-05T10:00:00Z,1\n"
        "8,ada\n"
        "9,ada,,1\n"
    )
    rules = mapping(id="id", properties={"paid": {"column": "paid", "type": "number"}})
    file = written(tmp_path, "f.csv", text)
    assert [one["event_id"] for one in events(file, rules)] == ["1"]
    assert [(one["place"], one["reason"]) for one in refused(file, rules)] == [
        ("f.csv row 2", "occurred_at cannot be read"),
        ("f.csv row 3", "profile is missing"),
        ("f.csv row 4", "id is missing"),
        ("f.csv row 5", "wrong type"),
        ("f.csv row 6", "occurred_at cannot be read"),
        ("f.csv row 7", "lies in the future"),
        ("f.csv row 9", "occurred_at is missing"),
        ("f.csv row 8", "not a row"),
    ]
    detail = refused(file, rules)[3]
    assert detail["detail"] == "paid: 'much' is not a number"
    assert json.loads(detail["row"]) == {"id": "5", "who": "ada", "at": "2026-01-05T10:00:00Z", "paid": "much"}


def test_bytes_that_are_no_text_and_lines_that_are_no_json_are_refused_not_lost(tmp_path: Path) -> None:
    file = tmp_path / "f.csv"
    file.write_bytes(b"who,at\n\xffda,2026-01-05T10:00:00Z\nbob,2026-01-05T10:00:00Z\n")
    assert [one["reason"] for one in refused(file, mapping())] == ["unreadable text"]
    latin = mapping(csv={"encoding": "latin-1"})
    assert [one["profile"] for one in events(file, latin)] == ["ÿda", "bob"]
    lines = written(tmp_path, "f.jsonl", '{"who":"ada"\n[1]\n\n{"who":"bob","at":"2026-01-05"}')
    assert [(one["place"], one["detail"][:8]) for one in refused(lines, mapping())] == [
        ("f.jsonl row 1", "not JSON"),
        ("f.jsonl row 2", "not a JS"),
    ]
    assert [one["profile"] for one in events(lines, mapping())] == ["bob"]


def test_a_mended_mapping_takes_refused_rows_back_under_the_same_ids(tmp_path: Path) -> None:
    file = written(tmp_path, "f.csv", "who,at\n" + "ada,05.01.2026\n" * 2 + "bob,never\n")
    strict, mended = mapping(), mapping(occurred_at={"column": "at", "format": "%d.%m.%Y"})
    waiting = pa.concat_tables([taken.refused for taken in take(file, strict, now=NOW)])
    again = retake(waiting, mended, now=NOW)
    assert again.events["event_id"].to_pylist() == [one["event_id"] for one in events(file, mended)]
    assert again.refused["place"].to_pylist() == ["f.csv row 3"]
    assert again.refused["id"].to_pylist() == waiting["id"].to_pylist()[2:]


def test_events_are_named_by_the_first_rule_that_holds(tmp_path: Path) -> None:
    text = "who,at,no,paid\na,2026-01-05,C1,5\nb,2026-01-05,7,5\nc,2026-01-05,7,-1\nd,2026-01-05,7,\n"
    rules = [
        {"name": "cancelled", "when": {"no": {"starts_with": "C"}}},
        {
            "name": "bought",
            "when": {"paid": {"greater_than": 0}},
            "properties": {"paid": {"column": "paid", "type": "integer"}},
        },
        {"name": "corrected", "when": {"paid": {"exists": True}}},
    ]
    file = written(tmp_path, "f.csv", text)
    found = events(file, mapping(event=None, events=rules))
    assert {one["profile"]: (one["name"], one["properties"]) for one in found} == {
        "a": ("cancelled", {}),
        "b": ("bought", {"paid": 5}),
        "c": ("corrected", {}),
    }
    assert [one["reason"] for one in refused(file, mapping(event=None, events=rules))] == ["no event rule matches"]
    skipping = mapping(event=None, events=rules, unmatched="skip")
    assert [(taken.rows, taken.skipped, taken.refused.num_rows) for taken in take(file, skipping, now=NOW)] == [
        (4, 1, 0)
    ]


def test_one_row_can_be_several_events(tmp_path: Path) -> None:
    file = written(tmp_path, "f.csv", "who,at,coupon\nada,2026-01-05,X\nbob,2026-01-05,\n")
    also = [{"name": "coupon_used", "when": {"coupon": {"exists": True}}, "properties": {"code": "coupon"}}]
    found = events(file, mapping(also=also))
    assert [(one["profile"], one["name"]) for one in found] == [
        ("ada", "bought"),
        ("ada", "coupon_used"),
        ("bob", "bought"),
    ]
    assert found[1]["event_id"] == f"{found[0]['event_id']}+1"
    assert found[1]["properties"] == {"code": "X"}


def test_traits_are_told_when_they_change(tmp_path: Path) -> None:
    text = "who,at,land\nada,2026-01-05,NO\nada,2026-01-06,NO\nada,2026-01-08,SE\nada,2026-01-07,NO\nbob,2026-01-05,\n"
    rules = mapping(traits={"country": "land"})
    found = [one for one in events(written(tmp_path, "f.csv", text), rules) if one["name"] == "$identify"]
    assert [(one["occurred_at"], one["properties"]) for one in found] == [
        (instant_of("2026-01-05"), {"country": "NO"}),
        (instant_of("2026-01-08"), {"country": "SE"}),
        (instant_of("2026-01-07"), {"country": "NO"}),
    ]
    softly = mapping(traits={"country": "land"}, traits_as="set")
    assert {one["name"] for one in events(tmp_path / "f.csv", softly)} == {"bought", "$set"}


def test_people_without_a_name_are_anonymous_where_the_mapping_says_so(tmp_path: Path) -> None:
    file = written(tmp_path, "f.csv", "who,at,visit,land\n,2026-01-05,v1,NO\nada,2026-01-05,v2,NO\n,2026-01-05,,NO\n")
    rules = mapping(
        profile={"column": "who", "prefix": "u-", "anonymous": {"column": "visit", "prefix": "guest-"}},
        traits={"country": "land"},
    )
    assert [(one["profile"], one["name"]) for one in events(file, rules)] == [
        ("guest-v1", "bought"),
        ("u-ada", "$identify"),
        ("u-ada", "bought"),
    ]
    assert [one["reason"] for one in refused(file, rules)] == ["profile is missing"]


def test_types_expressions_constants_and_spread_objects(tmp_path: Path) -> None:
    row = {"who": "ada", "at": 1767607200, "props": {"cart": {"id": "c1"}, "tags": ["a", "b"]}, "n": "3", "price": 1.1}
    rules = mapping(
        occurred_at={"column": "at", "format": "unix_s"},
        spread="props",
        properties={
            "total": {"expression": "n * price", "round": 2},
            "n": {"column": "n", "type": "integer"},
            "price": {"column": "price", "type": "text"},
            "shop": {"constant": "web"},
            "day": {"column": "at", "type": "instant", "format": "unix_s"},
        },
    )
    found = events(written(tmp_path, "f.jsonl", json.dumps(row)), rules)[0]["properties"]
    assert found == {
        "cart.id": "c1",
        "tags": ["a", "b"],
        "total": 3.3,
        "n": 3,
        "price": "1.1",
        "shop": "web",
        "day": "2026-01-05T10:00:00Z",
    }


def test_numbers_with_a_decimal_comma(tmp_path: Path) -> None:
    file = written(tmp_path, "f.csv", "who;at;paid\nada;2026-01-05;1.012,50\nbob;2026-01-05;0,5\n")
    rules = mapping(
        csv={"delimiter": ";", "decimal": ","},
        event=None,
        events=[{"name": "much", "when": {"paid": {"at_least": 100}}}, {"name": "little"}],
        properties={"paid": {"column": "paid", "type": "number"}, "half": {"expression": "paid / 2"}},
    )
    assert [(one["name"], one["properties"]) for one in events(file, rules)] == [
        ("much", {"paid": 1012.5, "half": 506.25}),
        ("little", {"paid": 0.5, "half": 0.25}),
    ]


def test_a_column_of_json_is_spread_into_properties(tmp_path: Path) -> None:
    text = 'who,at,props\nada,2026-01-05,"{""a"":{""b"":1},""c"":null}"\nbob,2026-01-05,\neve,2026-01-05,[1]\n'
    file = written(tmp_path, "f.csv", text)
    assert [one["properties"] for one in events(file, mapping(spread="props"))] == [{"a.b": 1}, {}]
    assert [one["detail"] for one in refused(file, mapping(spread="props"))] == ["props: not an object"]


def test_traits_are_not_told_again_in_a_later_chunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cut, "COARSE", cut.Grain(64))
    lines = "".join(f"ada,2026-01-{day:02d},{'NO' if day < 20 else 'SE'}\n" for day in range(1, 29))
    file = written(tmp_path, "f.csv", f"who,at,land\n{lines}")
    rules = mapping(traits={"country": "land"})
    assert len(list(take(file, rules, now=NOW))) > 3
    found = [one["properties"] for one in events(file, rules) if one["name"] == "$identify"]
    assert found == [{"country": "NO"}, {"country": "SE"}]


def test_local_times_follow_daylight_saving(tmp_path: Path) -> None:
    file = written(tmp_path, "f.csv", "who,at\na,2026-03-28 12:00:00\nb,2026-03-29 12:00:00\n")
    found = events(file, mapping(time_zone="Europe/Oslo"))
    assert [one["occurred_at"] for one in found] == [
        instant_of("2026-03-28T11:00:00Z"),
        instant_of("2026-03-29T10:00:00Z"),
    ]


def test_columns_without_a_header_separated_by_blanks(tmp_path: Path) -> None:
    file = written(tmp_path, "f.txt", " ada  20260105   2\n bob 20260106\n\n")
    rules = mapping(columns=["who", "at", "n"], occurred_at={"column": "at", "format": "%Y%m%d"})
    assert [one["profile"] for one in events(file, rules)] == ["ada"]
    assert [one["detail"] for one in refused(file, rules)] == ["2 columns instead of 3"]


def test_a_delivery_that_arrives_now_may_be_late(tmp_path: Path) -> None:
    found = events(written(tmp_path, "f.csv", "who,at\nada,2026-01-05\n"), mapping(received_at="now"))
    assert (found[0]["occurred_at"], found[0]["received_at"]) == (instant_of("2026-01-05"), NOW)


def test_quoted_line_breaks_and_empty_files(tmp_path: Path) -> None:
    file = written(tmp_path, "f.csv", 'who,at,note\nada,2026-01-05,"two\nlines"\nbob,2026-01-05,"a ""b"""\n')
    found = events(file, mapping(properties={"note": "note"}))
    assert [one["properties"]["note"] for one in found] == ["two\nlines", 'a "b"']
    assert events(written(tmp_path, "g.csv", ""), mapping()) == []
    assert events(written(tmp_path, "h.csv", "who,at\n"), mapping()) == []


def test_a_file_as_a_whole_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        events(tmp_path / "nothing.csv", mapping())
    with pytest.raises(Problem, match="format of the file"):
        events(written(tmp_path, "f.pdf", "x"), mapping())
    with pytest.raises(InvalidDefinition, match="did you mean 'who'") as caught:
        events(written(tmp_path, "f.csv", "whom,at2,who\n1,2,3\n"), mapping(profile="whoo"))
    assert len(caught.value.problems) == 2
    (tmp_path / "g.csv.gz").write_bytes(b"\x1f\x8b not really")
    with pytest.raises(Problem, match="cannot be read"):
        events(tmp_path / "g.csv.gz", mapping())


def test_a_constant_name_that_is_a_column_is_a_mistake(tmp_path: Path) -> None:
    file = written(tmp_path, "a.csv", "who,when,what\nann,2026-01-01T00:00:00Z,view\n")
    with pytest.raises(InvalidDefinition, match=r"write event: \{column: what\}"):
        events(file, mapping(profile="who", occurred_at="when", event="what"))
