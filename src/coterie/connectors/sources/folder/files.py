"""Files in the order of their names, each from where it was read to."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.fs as fs
from msgspec import Struct, structs

from coterie.clock import SystemClock
from coterie.connectors.column import Column
from coterie.connectors.rows import Chunk
from coterie.connectors.sources.cut import FINE, WHOLE, kind_of, pieces
from coterie.connectors.sources.failures import Truncated, Unreadable
from coterie.connectors.sources.folder.listing import Found, find
from coterie.connectors.sources.folder.marks import ends_a_line, is_beginning, is_packed, mark_of
from coterie.connectors.sources.folder.progress import Progress, Read, progress_of
from coterie.connectors.sources.folder.troubles import ASIDE, trouble
from coterie.connectors.sources.kinds import Setting
from coterie.connectors.sources.source import Page, Position, Sight
from coterie.errors import CoterieError, Problem
from coterie.limits import SECOND_US
from coterie.storage.cloud import filesystem

NOTHING = Chunk(columns={}, numbers=np.empty(0, dtype=np.int64), sparse=True)


class _Place(Struct, frozen=True):
    """A pattern on its store."""

    system: Any
    pattern: str


class FilesSource:
    """The files that match some patterns. New ones, and what was added to old ones, are read at the next reading."""

    continuous = False

    def __init__(self, patterns: tuple[str, ...], setting: Setting, options: Mapping[str, str], *, sheet: str) -> None:
        self._patterns, self._setting = patterns, setting
        self._layout = structs.replace(setting.layout, sheet=sheet or setting.layout.sheet)
        self._places = [_Place(*filesystem(one, options, os.environ, setting.root)) for one in patterns]

    def look(self) -> Sight:
        files = self._files()
        size = sum(file.size for _, file in files)
        columns: dict[str, str] = {}
        for system, file in files[:1]:
            for chunk in self._pieces(system, file):
                columns = {name: _type_of(chunk, name) for name in chunk.columns}
                break
        return Sight(what=f"{len(files):,} file{'' if len(files) == 1 else 's'}, {size:,} bytes", columns=columns)

    def read(self, position: Position) -> Iterator[Page]:
        progress = progress_of(position)
        todo = [(system, file) for system, file in self._files() if _is_news(progress.of(file), file)]
        total, done = sum(file.size for _, file in todo) or 1, 0
        troubles: list[CoterieError] = []
        for system, file in todo:
            try:
                for page, after in self._pages(system, file, progress):
                    progress = after
                    yield structs.replace(page, done=min(1.0, (done + page.done * file.size) / total))
            except (Truncated, Unreadable) as error:
                troubles.append(error)
            done += file.size
        if troubles:
            raise troubles[0]

    def acknowledge(self, position: Position) -> None:
        """Files stay where they are."""

    def close(self) -> None:
        """Nothing is open between two files."""

    # ── files ────────────────────────────────────────────────────────────────────────────────────────────────

    def _files(self) -> list[tuple[fs.FileSystem, Found]]:
        """Return every file once, by the order of the patterns and the names."""
        found: dict[str, tuple[fs.FileSystem, Found]] = {}
        for place, said in zip(self._places, self._patterns, strict=True):
            try:
                for file in find(place.system, place.pattern):
                    found.setdefault(file.path, (place.system, structs.replace(file, key=self._key(file.path))))
            except (OSError, pa.ArrowException) as error:
                raise trouble(error, said) from error
        return list(found.values())

    def _key(self, path: str) -> str:
        """Return what a file is called: its path, from the project on where it lies there."""
        root = f"{self._setting.root.absolute()}/"
        return path.removeprefix(root)

    def _pages(self, system: fs.FileSystem, file: Found, progress: Progress) -> Iterator[tuple[Page, Progress]]:
        """Yield what is new of a file, and the progress with it; the last page says that the file was read whole."""
        start = self._start(system, file, progress.of(file))
        with _opened(system, file.path) as raw:
            read = Read(file.size, file.modified, start, False, mark_of(raw, file.size))
        bound = self._setting.limits.source_files_max
        for chunk in self._pieces(system, file):
            if (last := last_number(chunk)) > start:
                read = structs.replace(read, rows=last)
                progress = progress.after(file.key, read, bound)
                yield (
                    Page(chunk=_part(chunk, start), position=progress.position(), place=file.key, scope=file.key),
                    progress,
                )
        progress = progress.after(file.key, structs.replace(read, whole=True), bound)
        yield Page(chunk=NOTHING, position=progress.position(), place=file.key, scope=file.key, done=1.0), progress

    def _start(self, system: fs.FileSystem, file: Found, before: Read | None) -> int:
        """Return how many rows of the file were read, 0 when it is another one under an old name.

        Raises: Truncated when it is the same, but shorter.
        """
        if before is None or not before.rows:
            return 0
        with _opened(system, file.path) as raw:
            if file.size >= before.size:
                return before.rows if mark_of(raw, before.size) == before.mark else 0
            if not is_beginning(raw, file.size, before.mark):
                return 0
        told = f"{file.key} has {file.size:,} bytes, and had {before.size:,} when it was read last"
        raise Truncated(told, hint="write it whole again, or under another name")

    def _pieces(self, system: fs.FileSystem, file: Found) -> Iterator[Chunk]:
        """Yield the rows of a file from its beginning. Raises: Truncated and the other errors of a source."""
        try:
            kind, limits = kind_of(file.path, self._layout), self._setting.limits
            with _opened(system, file.path) as raw:
                whole = (
                    kind in WHOLE
                    or is_packed(file.path)
                    or ends_a_line(raw, file.size)
                    or _is_older(file, limits.source_settled_s)
                )
                raw.seek(0)
                # What is written here meanwhile is left to the next reading: it may be half a row. Objects of a store do not grow.
                grows = kind not in WHOLE and isinstance(system, fs.LocalFileSystem)
                seen = raw.get_stream(0, file.size) if grows else raw
                chunks = pieces(seen, file.path, self._layout, FINE)
                if whole:
                    yield from chunks
                else:
                    yield from _without_half(chunks, file.key, not _is_older(file, limits.source_young_s))
        except Problem as error:
            told = Problem(error.what, where=file.key, received=error.received, allowed=error.allowed)
            raise Unreadable(str(told), hint=error.hint) from error
        except (OSError, pa.ArrowException) as error:
            raise trouble(error, file.key) from error


def _is_older(file: Found, age_s: int) -> bool:
    return SystemClock().now() - file.modified > age_s * SECOND_US


@contextmanager
def _opened(system: fs.FileSystem, path: str) -> Iterator[Any]:
    """Yield the open file. Raises: the errors of a source when it cannot be opened."""
    try:
        file = system.open_input_file(path)
    except (OSError, pa.ArrowException) as error:
        raise trouble(error, path) from error
    with file:
        yield file


def _without_half(chunks: Iterator[Chunk], path: str, young: bool) -> Iterator[Chunk]:
    """Yield the chunks of a file that does not end with a line, without the row at its end where that may be half a row.

    It is when it has too few columns, and it may be in a ``young`` file. Raises: Truncated then, after the rows before.
    """
    held: Chunk | None = None
    for chunk in chunks:
        if held is not None:
            yield held
        held = chunk
    if held is None:
        return
    last = last_number(held)
    half = young or bool(held.broken and held.broken[-1][0] == last)
    yield _part(held, 0, last) if half else held
    if half:
        raise Truncated(f"{path} ends in the middle of row {last}", hint=ASIDE)


def _is_news(before: Read | None, file: Found) -> bool:
    return before is None or not before.whole or (before.size, before.modified) != (file.size, file.modified)


def _part(chunk: Chunk, after: int, before: int = 1 << 62) -> Chunk:
    """Return the rows of a chunk with numbers between the two, both left out."""
    kept = (chunk.numbers > after) & (chunk.numbers < before)
    if kept.all() and all(after < one < before for one, _, _ in chunk.broken):
        return chunk
    columns = {name: Column(column.codes[kept], column.values) for name, column in chunk.columns.items()}
    broken = tuple(one for one in chunk.broken if after < one[0] < before)
    return structs.replace(chunk, columns=columns, numbers=chunk.numbers[kept], broken=broken)


def last_number(chunk: Chunk) -> int:
    """Return the number of the last row, broken or not, 0 without any."""
    return max(int(chunk.numbers[-1]) if len(chunk.numbers) else 0, *(one for one, _, _ in chunk.broken), 0)


def _type_of(chunk: Chunk, name: str) -> str:
    """Return what the values of a column are, in a word, from those at hand."""
    kinds = {type(one).__name__ for one in chunk.columns[name].values if one is not None}
    words = {"str": "text", "int": "number", "float": "number", "bool": "boolean", "list": "list", "dict": "object"}
    return " | ".join(sorted({words.get(kind, "unreadable") for kind in kinds})) or "empty"
