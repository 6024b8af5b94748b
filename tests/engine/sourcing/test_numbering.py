"""Equal rows count each, repeated rows do not: in one go, in pieces, and after a crash between two pieces."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path

from coterie.connectors.rows import Chunk, chunk_of
from coterie.engine.sourcing.numbering import Numbering
from coterie.storage.row_keys import RowKeys

ROWS = [{"who": "ada", "n": n % 3} for n in range(60)]


def piece(first: int, end: int) -> Chunk:
    return chunk_of(ROWS[first:end], first=first + 1)


def ids(numbering: Numbering, cuts: list[int]) -> list[str]:
    return [one for first, end in pairwise(cuts) for one in numbering.ids(piece(first, end), "")]


def test_pieces_give_the_ids_of_the_whole() -> None:
    whole = ids(Numbering("shop"), [0, 60])
    assert len(set(whole)) == 60
    assert sum(one.endswith("-20") for one in whole) == 3
    assert ids(Numbering("shop"), [0, 7, 8, 31, 60]) == whole
    assert ids(Numbering("other"), [0, 60]) != whole


def test_a_restart_at_any_piece_goes_on(tmp_path: Path) -> None:
    whole, chance = ids(Numbering("shop"), [0, 60]), random.Random(3)
    for attempt in range(20):
        kept, done = RowKeys(tmp_path / str(attempt)), 0
        found: list[str] = []
        while done < 60:
            numbering = Numbering("shop", kept)
            for _ in range(chance.randint(1, 4)):
                end = min(60, done + chance.randint(1, 9))
                told = numbering.ids(piece(done, end), "")
                if chance.random() < 0.3:
                    break  # the keys are on the disk, the position behind them is not
                found, done = found + told, end
        assert found == whole


def test_a_torn_end_and_other_scopes_do_no_harm(tmp_path: Path) -> None:
    kept = RowKeys(tmp_path)
    whole = ids(Numbering("shop", kept), [0, 30, 60])
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-5])
    numbering = Numbering("shop", kept)
    assert numbering.ids(piece(30, 60), "") == whole[30:]
    other = numbering.ids(piece(0, 10), "b.csv")
    assert other == whole[:10]
    assert numbering.ids(piece(0, 30), "") == whole[:30], "read from the beginning again"
    kept.forget()
    assert Numbering("shop", kept).ids(piece(30, 33), "") == whole[:3]
