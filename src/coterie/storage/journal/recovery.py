"""What a start finds: the end of the journal, and a newest file that a crash of the machine may have hurt."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from msgspec import Struct

from coterie.storage.journal.entry import Entry
from coterie.storage.journal.file import insert, last, open_reader, open_writer, parts_of, path_of, paths_of

_ENTRY_BYTES_MIN = 8
_PIECE = 256
_WAL_HEADER_BYTES, _FRAME_HEADER_BYTES = 32, 24


class Found(Struct, frozen=True, kw_only=True):
    """Where the journal ends. ``head`` is the last position that may ever have been given, ``stamp`` the last arrival known."""

    head: int
    stamp: int
    first: int
    """First position of the newest file."""
    told: tuple[str, ...] = ()
    """What was wrong and what was done about it, in words."""


def recover(folder: Path) -> Found:
    """Return where the journal in ``folder`` ends; a newest file that cannot be read was moved aside, what is readable kept.

    Cost: reads the newest file once. Raises: sqlite3.Error or OSError when even that cannot be done.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = paths_of(folder)
    told = _examine(folder, *files[-1]) if files else []
    head, stamp = 0, 0
    files = paths_of(folder)
    for first, path in reversed(files):
        connection = open_writer(path)
        try:
            end = last(connection)
        finally:
            connection.close()
        if end is not None:
            head, stamp = max(head, end[0]), end[1]
            break
        head = max(head, first - 1)
    return Found(head=head, stamp=stamp, first=files[-1][0] if files else 1, told=tuple(told))


def _examine(folder: Path, first: int, path: Path) -> list[str]:
    """Return what to tell of the newest file, after mending it; later positions are beyond any it may have held."""
    beyond = first + sum(part.stat().st_size for part in parts_of(path)) // _ENTRY_BYTES_MIN
    kept = _keep_log(path)
    try:
        torn = _torn(path)
    except sqlite3.DatabaseError as error:
        told = _mend(path, str(error), kept)
    else:
        if not torn:
            kept.unlink(missing_ok=True)
            return []
        told = (
            f"the last {torn} bytes of {path.name}-wal belong to no whole commit and were left out: a write that a crash cut "
            f"short and nobody was told of, or damage; they lie in {kept.name}"
        )
    path_of(folder, beyond + 1).touch()
    return [f"{told}; new positions begin after {beyond}, so that none is given twice"]


def _keep_log(path: Path) -> Path:
    """Return where a second name of the write-ahead log lies while the file is examined: SQLite removes the first."""
    log, kept = Path(f"{path}-wal"), _free(path, "torn")
    if log.exists() and log.stat().st_size:
        shutil.copyfile(log, kept)
    return kept


def _torn(path: Path) -> int:
    """Return how many bytes at the end belong to no whole commit. Raises: sqlite3.DatabaseError when a page is unsound."""
    log = Path(f"{path}-wal")
    size = log.stat().st_size if log.exists() else 0
    connection = open_reader(path)
    try:
        problems = connection.execute("PRAGMA quick_check(1)").fetchall()
        if problems != [("ok",)]:
            raise sqlite3.DatabaseError(problems[0][0])
        page = connection.execute("PRAGMA page_size").fetchone()[0]
        frames = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1]
    finally:
        connection.close()
    whole = _WAL_HEADER_BYTES + frames * (page + _FRAME_HEADER_BYTES) if frames > 0 else 0
    return max(size - whole, 0) if size > _WAL_HEADER_BYTES else 0


def _mend(path: Path, trouble: str, kept: Path) -> str:
    """The file lies aside, its readable entries are in a new one of the same name. Return what to tell."""
    aside = _free(path, "damaged")
    for part in parts_of(path):
        part.rename(Path(f"{aside}{part.name.removeprefix(path.name)}"))
    if kept.exists():
        kept.rename(Path(f"{aside}-wal"))
    saved = _salvage(aside, path)
    return (
        f"the newest file of the journal is damaged ({trouble}): moved to {aside.name}, and {saved} of its entries, which could "
        "be read, are kept"
    )


def _free(path: Path, word: str) -> Path:
    number = 1
    while (target := path.with_name(f"{path.name}.{word}-{number}")).exists():
        number += 1
    return target


def _salvage(source: Path, target: Path) -> int:
    """Return how many entries of ``source`` could be copied to ``target``: all up to the first damage."""
    saved = 0
    writer, reader = open_writer(target), open_reader(source)
    try:
        entries = _readable(reader)
        while piece := list(islice(entries, _PIECE)):
            insert(writer, piece)
            saved += len(piece)
    finally:
        reader.close()
        writer.close()
    return saved


def _readable(reader: sqlite3.Connection) -> Iterator[Entry]:
    """Yield the entries in order up to the first damage."""
    try:
        reader.execute("PRAGMA writable_schema=1")  # reads on where the file is shorter than its header says
        rows = reader.execute("SELECT position, received_at, route, source, body FROM entries ORDER BY position")
        for row in rows:
            if tuple(map(type, row)) != (int, int, str, str, bytes):
                return
            yield Entry(*row)
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        return
