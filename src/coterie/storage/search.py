"""Every byte under a folder looked at for texts: as it lies there, and read out of files that pack or compress what they hold."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from msgspec import Struct

from coterie.privacy.needles import Needles
from coterie.storage.forgetting import MAGIC, tables_of
from coterie.storage.lake.place import Place

_PIECE = 16 << 20
_OVERLAP = 4_096
"""Bytes that two pieces of a file share, so that no text is cut in two."""
_ROWS = 100_000
NAMES = frozenset({"profile", "merged_into", "canonical", "survivor", "loser"})
"""Columns in which nothing but ids of profiles stands: there a short id is told from other words."""
_PARQUET = b"PAR1"
_PLAIN = frozenset({".parquet", ".json", ".csv", ".crc", ".snapshot"})
"""Endings of files that are no databases."""
_TEXTS = frozenset({".json", ".csv", ".jsonl", ".yaml", ".crc"})
"""Endings of files in which something stands between two values."""
_INSIDE = b"0"
"""Stands for the bytes before and after a piece: what begins or ends a piece is looked at in the piece beside it."""
_READER = "import shutil, sys; shutil.copyfileobj(open(sys.argv[1], 'rb'), sys.stdout.buffer, 1 << 20)"
_ARROW = b"\xff\xff\xff\xff"
"""Begin of an Arrow stream, as the committed state packs rows of the log."""


class Sighting(Struct, frozen=True, kw_only=True):
    """A text that was found in a file. ``how``: ``bytes``, or the table and column of a value."""

    path: str
    how: str
    text: str


class Report(Struct, kw_only=True):
    """What a search went through, and what it came upon."""

    files: int = 0
    bytes: int = 0
    values: int = 0
    found: list[Sighting] = []
    maybe: list[Sighting] = []
    """Texts in raw bytes that may be a part of a longer name."""
    parts: set[str] = set()
    """Texts that are part of a longer name, of somebody else."""

    def settle(self) -> None:
        """What was found in raw bytes counts, unless somebody else is called by a longer name that explains it."""
        self.found += [one for one in self.maybe if one.text not in self.parts]
        self.maybe = []


def search(
    folder: Path, needles: Needles, *, besides: Iterable[Path] = (), told: Callable[[Path], None] = lambda path: None
) -> Report:
    """Return what a search through every file under ``folder`` came upon; ``besides`` are files left out.

    Raw bytes are searched for telling texts; values of Parquet files, SQLite databases and packed rows too, and all texts where ids of profiles stand. Cost: about 1 ns a byte and 5 ns a value.
    """
    report = Report()
    left_out = {path.resolve() for path in besides}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.resolve() not in left_out:
            told(path)
            try:
                _look(path, str(path.relative_to(folder)), needles, report)
            except FileNotFoundError:
                continue  # gone meanwhile, as drafts are
    report.settle()
    return report


def search_place(place: Place, needles: Needles) -> Report:
    """Return what a search through every file of a place, such as a bucket, came upon: each is read as a whole, once."""
    report = Report()
    for name in sorted(place.sizes()):
        report.files += 1
        with place.files.open_input_stream(f"{place.path}/{name}") as stream:
            data = stream.read()
        report.bytes += len(data)
        where = f"{place.url}/{name}"
        _note(where, needles.found_in(data), needles.may_be_in(data), report)
        if data[:4] == _PARQUET:
            _compare(where, _tables(pa.BufferReader(data)), needles, report)
    report.settle()
    return report


def _look(path: Path, name: str, needles: Needles, report: Report) -> None:
    report.files += 1
    begin, rest, found, maybe = b"", b"", set[str](), set[str]()
    for piece, is_last in _with_last(pieces(path)):
        begin = begin or piece[: len(MAGIC)]
        report.bytes += len(piece)
        data = rest + piece
        found |= needles.found_in(data if is_last else data + _INSIDE)
        if path.suffix not in _TEXTS:
            maybe |= needles.may_be_in(data)
        rest = _INSIDE + piece[-_OVERLAP:]
    _note(name, found, maybe, report)
    if needles.found_in(path.name.encode()):
        report.found.append(Sighting(path=name, how="name", text=path.name))
    if begin[:4] == _PARQUET:
        _compare(name, _tables(path), needles, report)
    elif begin == MAGIC:
        _look_in_database(path, name, needles, report)


def _note(name: str, found: set[str], maybe: set[str], report: Report) -> None:
    """What raw bytes hold is noted; a number inside a longer one is a number of anything."""
    report.found += [Sighting(path=name, how="bytes", text=text) for text in sorted(found)]
    maybe = {text for text in maybe - found if not text.isdigit()}
    report.maybe += [Sighting(path=name, how="bytes", text=text) for text in sorted(maybe)]


def _with_last(parts: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    before: bytes | None = None
    for part in parts:
        if before is not None:
            yield before, False
        before = part
    if before is not None:
        yield before, True


def pieces(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file. One that may be a database in use is read by another process.

    A process that opens and closes a file loses the locks that it holds on it (POSIX), those of its SQLite connections too: the
    next process would take the database for one that nobody uses. Raises: FileNotFoundError.
    """
    if path.suffix in _PLAIN:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece
        return
    if not path.exists():
        raise FileNotFoundError(path)
    with subprocess.Popen(
        [sys.executable, "-ISc", _READER, path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as child:
        assert child.stdout is not None
        while piece := child.stdout.read(_PIECE):
            yield piece


def _tables(path: Any) -> Iterator[tuple[str, pa.Table]]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_ROWS):
            yield "", pa.Table.from_batches([batch])


def _compare(name: str, tables: Iterable[tuple[str, pa.Table]], needles: Needles, report: Report) -> None:
    seen: set[tuple[str, str]] = set()
    for prefix, table in tables:
        for column in _texts(table):
            place = f"{prefix}{column[0]}"
            report.values += len(column[1])
            for text in about(*column, needles, report.parts):
                if (place, text) not in seen:
                    seen.add((place, text))
                    report.found.append(Sighting(path=name, how=place, text=text))


def _texts(table: pa.Table) -> Iterator[tuple[str, pa.Array]]:
    for field, column in zip(table.schema, table.columns, strict=True):
        if pa.types.is_dictionary(field.type):
            column = column.cast(field.type.value_type)
        if (
            pa.types.is_string(column.type)
            or pa.types.is_large_string(column.type)
            or pa.types.is_string_view(column.type)
        ):
            yield field.name, column.cast(pa.large_string()).combine_chunks()


def about(name: str, column: pa.Array, needles: Needles, parts: set[str]) -> list[str]:
    """Return the values of a text column that hold one of the texts, or are one where names of people stand; the same value once.

    Texts that are only part of a longer name are added to ``parts``.
    """
    if not len(column):
        return []
    found: set[str] = set()
    if name in NAMES:
        whole = pa.array(sorted(needles.values), pa.large_string())
        found.update(pc.unique(column.filter(pc.is_in(pc.utf8_lower(column), value_set=whole))).to_pylist())
    data = column.buffers()[2]
    if data is not None and (maybe := needles.may_be_in(memoryview(data).tobytes())):
        held = [one for one in pc.unique(column).to_pylist() if one is not None]
        found.update(one for one in held if needles.are_in(one))
        if not maybe <= parts:
            parts.update(*(needles.may_be_in(one.encode()) - needles.found_in(one.encode()) for one in held))
    return sorted(found)


def _look_in_database(path: Path, name: str, needles: Needles, report: Report) -> None:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=10)
    try:
        connection.execute("PRAGMA query_only=1")
        for table in tables_of(connection):
            _look_in_table(connection, table, name, needles, report)
    except sqlite3.DatabaseError as error:
        report.found.append(Sighting(path=name, how=f"cannot be read: {error}", text=""))
    finally:
        connection.close()


def _look_in_table(connection: sqlite3.Connection, table: str, name: str, needles: Needles, report: Report) -> None:
    cursor = connection.execute(f'SELECT * FROM "{table}"')
    columns = [one[0] for one in cursor.description]
    seen: set[tuple[str, str]] = set()
    while rows := cursor.fetchmany(1_000):
        for row in rows:
            for column, value in zip(columns, row, strict=True):
                if isinstance(value, bytes) and value[:4] == _ARROW:
                    _compare(name, [(f"{table}.{column}.", _unpacked(value))], needles, report)
                elif isinstance(value, str | bytes):
                    report.values += 1
                    is_name = column in NAMES and isinstance(value, str) and needles.are_value(value)
                    data = value.encode() if isinstance(value, str) else value
                    report.parts |= needles.may_be_in(data) - needles.found_in(data)
                    if (is_name or needles.are_in(value)) and (table, column) not in seen:
                        seen.add((table, column))
                        report.found.append(Sighting(path=name, how=f"{table}.{column}", text=_short(value)))


def _unpacked(data: bytes) -> pa.Table:
    return pa.ipc.open_stream(data).read_all()


def _short(value: str | bytes) -> str:
    text = value if isinstance(value, str) else value.decode("utf-8", "replace")
    return text[:80]
