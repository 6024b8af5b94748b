"""Files as a source: every format and packing, in pieces, growing, replaced, cut off."""

from __future__ import annotations

import gzip
import json
import os
from datetime import datetime
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from msgspec import structs

from coterie.connectors.sources import definitions
from coterie.connectors.sources.failures import Absent, CredentialsRefused, Truncated, Unreadable
from coterie.connectors.sources.folder.progress import progress_of
from coterie.limits import DEFAULT
from coterie.values import canonical
from tests.connectors.sources.contract import keeps_order, pages, refuses, rows_of
from tests.connectors.sources.folders import MAPPING, SMALL, csv_of, files, lines, opened


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "FINE", SMALL)


def write(root: Path, name: str, first: int, end: int) -> None:
    rows = lines(first, end)
    file = root / name
    if name.endswith(".parquet"):
        typed = [{**row, "at": datetime.fromisoformat(row["at"])} for row in rows]
        pq.write_table(pa.Table.from_pylist(typed), file)
    elif name.endswith(".xlsx"):
        book = openpyxl.Workbook()
        book.active.append(list(rows[0]))
        for row in rows:
            book.active.append([row["who"], datetime.fromisoformat(row["at"]), row["amount"]])
        book.save(file)
    else:
        text = "".join(json.dumps(row) + "\n" for row in rows) if ".jsonl" in name else csv_of(rows)
        file.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.jsonl", "a.jsonl.gz", "a.parquet", "a.xlsx"])
def test_stops_and_resumes_lose_and_double_nothing(tmp_path: Path, name: str) -> None:
    write(tmp_path, name, 0, 25)
    write(tmp_path, name.replace("a.", "b."), 25, 40)
    rows = keeps_order(lambda: opened(tmp_path, path=f"*{name[1:]}"), 40, rounds=4)
    whos = [json.loads(row)["who"] for row in rows]
    assert whos == [one["who"] for one in lines(0, 40)]


def test_new_and_grown_files_are_read_on(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", 0, 10)
    first = pages(opened(tmp_path, path="*.csv"))
    with (tmp_path / "a.csv").open("a") as file:
        file.write(csv_of(lines(10, 20), header=False))
    write(tmp_path, "b.csv", 20, 25)
    more = pages(opened(tmp_path, path="*.csv"), first[-1].position)
    told = [canonical({**row, "amount": str(row["amount"])}) for row in lines(10, 25)]
    assert rows_of(more) == told
    assert [int(n) for page in more if page.place == "a.csv" for n in page.chunk.numbers] == list(range(11, 21))
    assert pages(opened(tmp_path, path="*.csv"), more[-1].position) == []


@pytest.mark.parametrize("name", ["b.csv", "b.jsonl"])
def test_what_is_written_during_a_reading_is_left_to_the_next(tmp_path: Path, name: str) -> None:
    write(tmp_path, f"a{name[1:]}", 0, 10)
    write(tmp_path, name, 10, 20)
    whole = (tmp_path / name).read_bytes()
    write(tmp_path, name, 10, 22)
    more = (tmp_path / name).read_bytes()[len(whole) :]
    (tmp_path / name).write_bytes(whole)
    reading = opened(tmp_path, path=f"*{name[1:]}").read({})
    first = [next(reading)]
    with (tmp_path / name).open("ab") as file:
        file.write(more[:-9])
    first += list(reading)
    assert len(rows_of(first)) == 20
    assert not [one for page in first for one in page.chunk.broken]
    with (tmp_path / name).open("ab") as file:
        file.write(more[-9:])
    rest = pages(opened(tmp_path, path=f"*{name[1:]}"), first[-1].position)
    assert [json.loads(row)["amount"] for row in rows_of(rest)] in ([20.5, 21.5], ["20.5", "21.5"])


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_a_mark_of_the_encoding_is_no_part_of_the_first_row(tmp_path: Path, name: str) -> None:
    write(tmp_path, name, 0, 3)
    (tmp_path / name).write_bytes(b"\xef\xbb\xbf" + (tmp_path / name).read_bytes())
    found = pages(opened(tmp_path, path=name))
    assert [json.loads(row)["who"] for row in rows_of(found)] == ["p0", "p1", "p2"]
    assert not [one for page in found for one in page.chunk.broken]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "UTF_32"])
def test_wide_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    text = csv_of(lines(0, 5)).replace("p", "Jörgen €")
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    os.utime(tmp_path / "a.csv", (1_700_000_000, 1_700_000_000))
    mapping = {**MAPPING, "csv": {"encoding": encoding}}
    found = rows_of(pages(opened(tmp_path, path="a.csv", mapping=mapping)))
    assert [json.loads(row)["who"] for row in found] == [f"Jörgen €{n}" for n in range(5)]


def test_a_header_in_another_encoding_is_told(tmp_path: Path) -> None:
    for text, received in (
        (csv_of(lines(0, 5)).encode("utf-16-le"), "w.x00"),
        (b"\xe9t\xe9,who\n1,2\n", "not utf-8 text"),
    ):
        (tmp_path / "a.csv").write_bytes(text)
        told = rf"a.csv: the first line is no text\n  received: .*{received}.*\n  allowed:  utf-8 text"
        with pytest.raises(Unreadable, match=told) as caught:
            pages(opened(tmp_path, path="a.csv"))
        assert "encoding" in caught.value.hint


def test_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for day in ("1", "2"):
        (tmp_path / day).mkdir()
        write(tmp_path / day, "a.csv", 0, 3)
    assert {page.place for page in pages(opened(tmp_path, path="*/a.csv"))} == {"1/a.csv", "2/a.csv"}


def test_a_replaced_file_is_read_from_its_beginning(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", 0, 10)
    first = pages(opened(tmp_path, path="a.csv"))
    write(tmp_path, "a.csv", 50, 70)
    assert len(rows_of(pages(opened(tmp_path, path="a.csv"), first[-1].position))) == 20
    write(tmp_path, "a.csv", 80, 85)
    again = pages(opened(tmp_path, path="a.csv"), first[-1].position)
    assert len(rows_of(again)) == 5


def test_a_file_that_was_cut_off_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", 0, 20)
    write(tmp_path, "b.csv", 20, 30)
    first = pages(opened(tmp_path, path="*.csv"))
    text = (tmp_path / "a.csv").read_text()
    (tmp_path / "a.csv").write_text(text[: len(text) // 2])
    write(tmp_path, "c.csv", 30, 35)
    source, found = opened(tmp_path, path="*.csv"), []
    with pytest.raises(Truncated, match=r"a\.csv has \d+ bytes, and had \d+"):
        found.extend(source.read(first[-1].position))
    assert len(rows_of(found)) == 5
    (tmp_path / "a.csv").write_text(text + csv_of(lines(35, 37), header=False))
    rest = pages(opened(tmp_path, path="*.csv"), found[-1].position)
    assert len(rows_of(rest)) == 2


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.jsonl", "a.parquet", "a.xlsx"])
def test_half_a_file_says_so_and_goes_on_when_it_is_whole(tmp_path: Path, name: str) -> None:
    write(tmp_path, name, 0, 30)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: len(whole) // 2])
    found = []
    with pytest.raises(Truncated) as caught:
        found.extend(opened(tmp_path, path=name).read({}))
    assert caught.value.retry
    assert name in str(caught.value)
    (tmp_path / name).write_bytes(whole)
    position = found[-1].position if found else {}
    rest = pages(opened(tmp_path, path=name), position)
    assert [json.loads(row)["who"] for row in rows_of(found + rest)] == [one["who"] for one in lines(0, 30)]


def test_half_a_row_goes_to_quarantine_when_nobody_writes_any_more(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("who,at\nada,2026-01-01\nbob")
    refuses(Truncated, lambda: pages(opened(tmp_path, path="a.csv")), "row 2")
    os.utime(tmp_path / "a.csv", (1_700_000_000, 1_700_000_000))
    found = pages(opened(tmp_path, path="a.csv"))
    assert [one for page in found for one in page.chunk.broken] == [(2, "bob", "1 columns instead of 2")]


def test_each_trouble_has_its_name(tmp_path: Path) -> None:
    refuses(Absent, lambda: pages(opened(tmp_path, path="a.csv")), "a.csv")
    refuses(Absent, lambda: pages(opened(tmp_path, path="nowhere/*.csv")), "nowhere")
    (tmp_path / "a.parquet").write_bytes(b"this is nothing of the kind, but long enough")
    refuses(Truncated, lambda: pages(opened(tmp_path, path="a.parquet")), "a.parquet")
    (tmp_path / "a.csv.gz").write_bytes(b"this is not packed")
    refuses(Unreadable, lambda: pages(opened(tmp_path, path="a.csv.gz")), "a.csv.gz")
    (tmp_path / "a.pdf").write_bytes(b"")
    refuses(Unreadable, lambda: pages(opened(tmp_path, path="a.pdf")), "format")
    if os.geteuid():
        (tmp_path / "b.csv").write_text("who\n")
        (tmp_path / "b.csv").chmod(0)
        refuses(CredentialsRefused, lambda: pages(opened(tmp_path, path="b.csv")), "b.csv")


def test_patterns_folders_and_what_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "in" / "2026").mkdir(parents=True)
    (tmp_path / "in" / "_tmp").mkdir()
    for name in ("in/a.csv", "in/2026/b.csv", "in/_tmp/c.csv", "in/.d.csv", "in/notes.pdf"):
        write(tmp_path, name, 0, 2)

    def names(*patterns: str) -> list[str]:
        return [
            page.place
            for page in pages(opened(tmp_path, path=list(patterns)))
            if page.done == 1.0 or page.chunk.numbers.size == 0
        ]

    assert names("in") == ["in/2026/b.csv", "in/a.csv"]
    assert names("in/*.csv") == ["in/a.csv"]
    assert names("in/**/*.csv") == ["in/2026/b.csv", "in/a.csv"]
    assert names("in/*.csv", "in/**/*.csv") == ["in/a.csv", "in/2026/b.csv"]
    assert names("in/[ab].csv") == ["in/a.csv"]
    sight = opened(tmp_path, path="in/*.csv").look()
    assert sight.what.startswith("1 file,")
    assert sight.columns == {"who": "text", "at": "text", "amount": "text"}


def test_many_files_keep_the_position_small(tmp_path: Path) -> None:
    for n in range(30):
        (tmp_path / f"{n:02d}.csv").write_text(f"who,at\np{n},2026-01-01\n")
        os.utime(tmp_path / f"{n:02d}.csv", (1_700_000_000 + n, 1_700_000_000 + n))
    data = {"kind": "files", "path": "*.csv", "mapping": MAPPING}
    few = structs.replace(DEFAULT, source_files_max=10)
    source = definitions.open_source(definitions.parse(data, tmp_path, "shop"), tmp_path, {}, few)
    found = pages(source)
    assert len(rows_of(found)) == 30
    assert len(progress_of(found[-1].position).files) <= 10
    assert pages(opened(tmp_path, path="*.csv"), found[-1].position) == []
