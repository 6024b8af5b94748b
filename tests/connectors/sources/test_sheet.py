"""A sheet at an address: asked with its tag, read in pieces, compared by its key; and every way in which it fails."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from coterie.connectors.sources import definitions, sheet
from coterie.connectors.sources.failures import (
    Absent,
    CredentialsRefused,
    RateLimited,
    Truncated,
    Unreachable,
    Unreadable,
)
from coterie.connectors.sources.source import Source
from tests.connectors.sources.contract import keeps_order, pages, refuses, rows_of
from tests.connectors.sources.folders import MAPPING, SMALL, csv_of, lines
from tests.servers import free_port


class Sheets:
    """A web server with one sheet. ``status`` and ``headers`` are what it answers, ``short`` cuts its answers off."""

    def __init__(self) -> None:
        self.text, self.status, self.headers, self.short = "", 200, {"Content-Type": "text/csv"}, False
        self.answers: list[int] = []
        sheets = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                tag = f'"{hash(sheets.text)}"'
                status = 304 if sheets.status == 200 and self.headers.get("If-None-Match") == tag else sheets.status
                if sheets.status == 200 and self.headers.get("Authorization", "Bearer good") != "Bearer good":
                    status = 401
                sheets.answers.append(status)
                body = b"" if status == 304 else sheets.text.encode()
                self.send_response(status)
                for name, value in {**sheets.headers, "ETag": tag, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body[: len(body) // 2] if sheets.short else body)
                if sheets.short:
                    self.close_connection = True

            def log_message(self, *said: Any) -> None:
                """Tests are quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/sheet.csv"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def sheets(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sheets]:
    monkeypatch.setattr(sheet, "FINE", SMALL)
    made = Sheets()
    yield made
    made.close()


def opened(root: Path, url: str, **fields: Any) -> Source:
    data = {"kind": "sheet", "url": url, "mapping": MAPPING, **fields}
    return definitions.open_source(definitions.parse(data, root, "shop"), root, {"TOKEN": "bad"})


def test_stops_and_resumes_lose_and_double_nothing(tmp_path: Path, sheets: Sheets) -> None:
    sheets.text = csv_of(lines(0, 20))
    rows = keeps_order(lambda: opened(tmp_path, sheets.url), 20, rounds=4)
    assert [json.loads(row)["who"] for row in rows] == [one["who"] for one in lines(0, 20)]
    assert 304 in sheets.answers


def test_a_changed_sheet_is_read_anew(tmp_path: Path, sheets: Sheets) -> None:
    sheets.text = csv_of(lines(0, 5))
    position = pages(opened(tmp_path, sheets.url))[-1].position
    sheets.text += csv_of(lines(5, 7), header=False)
    again = pages(opened(tmp_path, sheets.url), position)
    assert len(rows_of(again)) == 7
    assert int(again[0].chunk.numbers[0]) == 1


def test_with_a_key_only_changes_are_told(tmp_path: Path, sheets: Sheets) -> None:
    keyed = {"key": "at", "removals": True}
    sheets.text = csv_of(lines(0, 9))
    first = pages(opened(tmp_path, sheets.url, **keyed))
    assert len(rows_of(first)) == 9
    position = first[-1].position
    assert pages(opened(tmp_path, sheets.url, **keyed), position) == []
    sheets.text = csv_of([{**lines(0, 1)[0], "amount": 99}, *lines(2, 9), *lines(9, 10)])
    told = [json.loads(row) for row in rows_of(pages(opened(tmp_path, sheets.url, **keyed), position))]
    assert sorted((one["$change"], one["at"][:10]) for one in told) == [
        ("added", "2026-01-10"),
        ("changed", "2026-01-01"),
        ("removed", "2026-01-02"),
    ]


@pytest.mark.parametrize("keyed", [{}, {"key": "at"}])
def test_rows_that_are_none_are_told_once(tmp_path: Path, sheets: Sheets, keyed: dict[str, Any]) -> None:
    whole = csv_of(lines(0, 9)).splitlines(keepends=True)
    sheets.text = "".join([*whole[:4], "torn,one\n", *whole[4:], "torn,two\n", "torn,three\n"])
    found = pages(opened(tmp_path, sheets.url, **keyed))
    assert len(rows_of(found)) == 9
    told = [text for page in found for _, text, _ in page.chunk.broken]
    assert [text.strip() for text in told] == ["torn,one", "torn,two", "torn,three"]
    assert pages(opened(tmp_path, sheets.url, **keyed), found[-1].position) == []
    sheets.text += "torn,four\n"
    more = pages(opened(tmp_path, sheets.url, **keyed), found[-1].position)
    assert "torn,four" in [text.strip() for page in more for _, text, _ in page.chunk.broken]
    assert pages(opened(tmp_path, sheets.url, **keyed), more[-1].position) == []


def test_each_trouble_has_its_name(tmp_path: Path, sheets: Sheets) -> None:
    sheets.text = csv_of(lines(0, 50))

    def read(**fields: Any) -> None:
        pages(opened(tmp_path, sheets.url, **fields))

    refuses(CredentialsRefused, lambda: read(headers={"Authorization": "Bearer ${TOKEN}"}), "401")
    for status, error in ((403, CredentialsRefused), (404, Absent), (500, Unreachable), (418, Unreadable)):
        sheets.status = status
        refuses(error, read, str(status))
    sheets.status, sheets.headers = 429, {"Retry-After": "7"}
    limited = refuses(RateLimited, read, "429")
    assert isinstance(limited, RateLimited)
    assert limited.retry_after_s == 7
    sheets.status, sheets.headers = 200, {"Content-Type": "text/html; charset=utf-8"}
    refuses(Unreadable, read, "a page for people")
    sheets.headers, sheets.short = {"Content-Type": "text/csv"}, True
    refuses(Truncated, read, "cut off")
    nobody = f"http://127.0.0.1:{free_port()}/"
    refuses(Unreachable, lambda: pages(opened(tmp_path, nobody)), "no answer")


def test_a_look_counts(tmp_path: Path, sheets: Sheets) -> None:
    sheets.text = csv_of(lines(0, 20))
    sight = opened(tmp_path, sheets.url).look()
    assert (sight.rows, list(sight.columns)) == (20, ["who", "at", "amount"])
