"""Lines of JSON: whole ones, also after a crash, and files that do not grow for ever."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from coterie.connectors.destinations.definitions import open_one, parse
from tests.connectors.destinations.messages import message


def write(folder: Path, *keys: str, **fields: Any) -> None:
    destination = open_one(parse({"key": "one", "kind": "file", "path": "told.jsonl", **fields}), folder, {})

    async def work() -> None:
        for key in keys:
            await destination.send(message(key, content={"line": "for {{ profile.id }}"}))

    asyncio.run(work())


def keys(file: Path) -> list[str]:
    return [json.loads(line)["key"] for line in file.read_text().splitlines()]


def test_a_line_says_everything(tmp_path: Path) -> None:
    write(tmp_path, "k1")
    (line,) = (tmp_path / "told.jsonl").read_text().splitlines()
    told = json.loads(line)
    assert (told["key"], told["attempt"], told["content"]) == ("k1", 1, {"line": "for ada"})
    assert told["message"]["change"]["segment"] == "at-risk"


def test_a_line_that_a_crash_cut_off_spoils_no_other(tmp_path: Path) -> None:
    write(tmp_path, "k1")
    file = tmp_path / "told.jsonl"
    with file.open("a") as open_file:
        open_file.write('{"key": "torn')
    write(tmp_path, "k2")
    lines = file.read_text().splitlines()
    assert [json.loads(line)["key"] for line in (lines[0], lines[2])] == ["k1", "k2"]
    assert lines[1] == '{"key": "torn'


def test_large_files_are_set_aside_and_the_oldest_goes(tmp_path: Path) -> None:
    write(tmp_path, *(f"k{n}" for n in range(12)), rotate_bytes=1_500, keep=2)
    names = sorted(one.name for one in tmp_path.iterdir())
    assert names == ["told.jsonl", "told.jsonl.1", "told.jsonl.2"]
    kept = [key for name in reversed(names) for key in keys(tmp_path / name)]
    assert kept == [f"k{n}" for n in range(12)][-len(kept) :]
    assert all((tmp_path / name).stat().st_size <= 1_500 for name in names)
