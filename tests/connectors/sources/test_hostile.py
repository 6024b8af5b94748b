"""What strangers send to take a reader down: nested without end, one endless line, packed a thousandfold, a table of the whole world."""

from __future__ import annotations

import gzip
import io
from typing import Any

import msgspec
import openpyxl
import pytest

from coterie.connectors.mapping import Layout
from coterie.connectors.payload import DEPTH_MAX, json_of
from coterie.connectors.rows import Chunk
from coterie.connectors.sources import cut
from coterie.connectors.sources.cut import FINE, pieces
from coterie.connectors.sources.messages import Message, chunk_of_messages
from coterie.connectors.sources.webhook.config import Config, Signature
from coterie.connectors.sources.webhook.requests import FORM, chunk_of_request
from coterie.errors import Problem

DEEP = [b"[" * 100_000, b'{"a":' * 900 + b"1" + b"}" * 900, b'{"a":' * 65 + b"1" + b"}" * 65]
OPEN = Config(signature=Signature(kind="none"))


def read(data: bytes, name: str, **layout: Any) -> list[Chunk]:
    return list(pieces(io.BytesIO(data), name, Layout(**layout), FINE))


@pytest.mark.parametrize("body", DEEP)
def test_what_is_nested_too_deeply_is_refused_alone(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        json_of(body)
    messages = chunk_of_messages([Message(1, "m-1", body), Message(2, "m-2", b'{"a": 1}')])
    assert [one[0] for one in messages.broken] == [1]
    assert list(messages.numbers) == [2]
    request = chunk_of_request(OPEN, "shop", {"content-type": "application/json"}, body, 0)
    assert [one[0] for one in request.broken] == [1]
    (lines,) = read(body + b'\n{"a": 1}\n', "x.jsonl")
    assert [one[0] for one in lines.broken] == [1]
    assert list(lines.numbers) == [2]


def test_what_people_write_is_not_too_deep() -> None:
    body = b'{"a":' * DEPTH_MAX + b"1" + b"}" * DEPTH_MAX
    assert json_of(body)["a"]
    wide = msgspec.json.encode([{"a": [number]} for number in range(1_000)])
    assert len(json_of(wide)) == 1_000


def test_a_form_of_very_many_fields_is_refused_and_kept() -> None:
    body = b"a=1&" * 2_000
    chunk = chunk_of_request(OPEN, "shop", {"content-type": FORM}, body, 0)
    assert [(number, text) for number, text, _ in chunk.broken] == [(1, body.decode())]


def test_a_line_without_end_is_not_collected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cut, "LINE_BYTES_MAX", 1 << 20)
    packed = gzip.compress(b"x" * (4 << 20))
    with pytest.raises(Problem, match="a line is too long"):
        read(packed, "x.jsonl.gz")


def test_what_is_packed_a_thousandfold_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cut, "UNPACKED_BYTES_MAX", 1 << 20)
    with pytest.raises(Problem, match="too large unpacked"):
        read(gzip.compress(bytes(4 << 20)), "x.parquet.gz")


def test_a_workbook_that_claims_all_cells_does_not_end_the_process() -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = "who"
    book.active.cell(1_048_576, 16_384).value = "z"
    data = io.BytesIO()
    book.save(data)
    with pytest.raises(OSError, match="claims more cells"):
        read(data.getvalue(), "x.xlsx")
