"""What every source keeps to: the body of the contract tests. ``open_`` gives a newly opened source on the same data each time."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest

from coterie.connectors.sources.source import Page, Source
from coterie.errors import CoterieError
from coterie.values import canonical

Open = Callable[[], Source]
IDLE = 3
"""Empty pages after which a stream counts as read to its end."""


def pages(source: Source, position: Mapping[str, Any] | None = None, *, until: int = 0) -> list[Page]:
    """Return the pages behind ``position``: all, or, of a stream, until ``until`` rows came or it is idle."""
    found: list[Page] = []
    rows = idle = 0
    deadline = time.monotonic() + 30
    for page in source.read(position or {}):
        found.append(page)
        rows += len(page.chunk.numbers)
        idle = 0 if len(page.chunk.numbers) else idle + 1
        source.acknowledge(page.position)
        if source.continuous and (rows >= until if until else idle >= IDLE):
            break
        assert time.monotonic() < deadline, f"{rows} rows in 30 s"
    return found


def rows_of(found: list[Page]) -> list[str]:
    """Return every row, in order, as canonical JSON without the columns that are set aside."""
    told = []
    for page in found:
        columns = {name: one for name, one in page.chunk.columns.items() if name not in page.chunk.aside}
        for place in range(len(page.chunk.numbers)):
            row = {name: column.at(place) for name, column in columns.items()}
            told.append(canonical({name: value for name, value in row.items() if value is not None}))
    return told


def keeps_order(open_: Open, count: int, *, seed: int = 7, rounds: int = 8) -> list[str]:
    """Stops and resumes at random pages lose and double nothing, and positions survive JSON; return the rows.

    ``count`` rows are there. Every stop closes the source; the next one is opened anew at the last position that was kept, and
    what was read after it is forgotten, as a crash would.
    """
    source = open_()
    whole = pages(source, until=count)
    source.close()
    rows = rows_of(whole)
    assert len(rows) == count
    if not whole[0].chunk.id_column:
        numbers = [int(number) for page in whole for number in page.chunk.numbers]
        assert all(number >= 1 for number in numbers)
    chance = random.Random(seed)
    for _ in range(rounds):
        assert _in_pieces(open_, count, chance) == rows
    return rows


def _in_pieces(open_: Open, count: int, chance: random.Random) -> list[str]:
    kept: list[str] = []
    position: dict[str, Any] = {}
    while len(kept) < count:
        source = open_()
        before = len(kept)
        patience = chance.randint(1, 4)
        for number, page in enumerate(source.read(position), 1):
            if chance.random() < 0.2 and number > 1:
                break  # what this page brought was never kept
            kept += rows_of([page])
            position = msgspec.json.decode(msgspec.json.encode(page.position))
            if chance.random() < 0.7:
                source.acknowledge(position)
            if (number >= patience and len(kept) > before) or len(kept) >= count:
                break
        source.close()
        assert len(kept) <= count, "rows came twice"
    source = open_()
    assert rows_of(pages(source, position)) == [], "rows came again after the end"
    source.close()
    return kept


def refuses(error: type[CoterieError], act: Callable[[], object], *words: str) -> CoterieError:
    """``act`` raises exactly that error (see ``failures``), whose text has all ``words``; return it."""
    with pytest.raises(error) as caught:
        act()
    assert type(caught.value) is error
    for word in words:
        assert word in str(caught.value), f"{word!r} is not in: {caught.value}"
    return caught.value
