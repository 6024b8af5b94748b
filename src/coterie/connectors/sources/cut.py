"""Files cut into chunks of rows: CSV, JSON lines, Parquet, Excel and blank-separated columns, plain, .gz or .zst."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from msgspec import Struct

from coterie.connectors.column import Column, Refused
from coterie.connectors.mapping import Layout
from coterie.connectors.payload import json_of
from coterie.connectors.rows import Chunk, json_value
from coterie.errors import NotFound, Problem
from coterie.values import flatten, normal

COLUMNS_MAX = 4_000
LINE_BYTES_MAX = 1 << 24
"""Bytes of one line; the columns of one row together."""
UNPACKED_BYTES_MAX = 1 << 30
"""Bytes of a packed file that has to be unpacked in memory, since its end is read before its beginning."""
Numbers = np.ndarray[Any, np.dtype[np.int64]]
PACKED = {".gz": "gzip", ".zst": "zstd"}
BY_SUFFIX = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".txt": "columns",
    **dict.fromkeys((".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"), "excel"),
}
WIDE = ("utf-16", "utf16", "utf-32", "utf32")
"""Encodings in which a line does not end with a byte of its own: such a file is recoded before it is cut."""
WHOLE = frozenset({"parquet", "excel"})
"""Formats whose end has to be read before their beginning."""

Progress = Callable[[int], None]
"""Told the bytes of the file (as stored) that have been read by now."""


class Grain(Struct, frozen=True):
    """How much one chunk holds: about so many bytes of text, at most so many rows where rows can be counted."""

    bytes: int = 1 << 24
    rows: int = 200_000


COARSE = Grain()
FINE = Grain(1 << 20, 10_000)
"""Chunks of a source: each is kept before the next is read."""


def cut(path: Path, layout: Layout, progress: Progress) -> Iterator[Chunk]:
    """Yield the rows of ``path`` in order. Raises: NotFound, Problem when the file as a whole cannot be read."""
    if not path.is_file():
        raise NotFound(f"no file {path}")
    kind_of(path.name, layout)
    try:
        with path.open("rb") as raw:
            for chunk in pieces(raw, path.name, layout, COARSE):
                progress(raw.tell())
                yield chunk
    except (pa.ArrowInvalid, OSError) as error:
        raise Problem("the file cannot be read", where=str(path), received=str(error).splitlines()[0]) from error


def kind_of(name: str, layout: Layout) -> str:
    """Return how the file is cut: as its layout says, or as its name ends. Raises: Problem when neither says."""
    plain = unpacked(name)
    kind = layout.format or BY_SUFFIX.get(Path(plain).suffix.lower(), "")
    if kind in _CUTTERS:
        return kind
    allowed = f"{', '.join(sorted(BY_SUFFIX))}, or format: in the mapping"
    raise Problem("the format of the file is not known by its name", where=name, allowed=allowed)


def unpacked(name: str) -> str:
    """Return the name of a file without the ending that says how it is packed."""
    return name[: -len(Path(name).suffix)] if Path(name).suffix.lower() in PACKED else name


def pieces(raw: Any, name: str, layout: Layout, grain: Grain) -> Iterator[Chunk]:
    """Yield the rows of an open file (Python's or Arrow's) in order. Raises: pa.ArrowInvalid, OSError, Problem."""
    kind = kind_of(name, layout)
    if Path(unpacked(name)).suffix.lower() == ".tsv" and layout.delimiter == ",":
        layout = msgspec.structs.replace(layout, delimiter="\t")
    stream: Any = raw if isinstance(raw, pa.NativeFile) else pa.PythonFile(raw, mode="r")
    packing = PACKED.get(Path(name).suffix.lower())
    if packing:
        stream = pa.CompressedInputStream(stream, packing)
        if kind in WHOLE:
            stream = pa.BufferReader(_whole(stream))
    yield from _CUTTERS[kind](stream, layout, grain)


def _whole(stream: Any) -> pa.Buffer:
    """Return a packed stream unpacked. Raises: Problem when it is much larger than what it was packed into."""
    data = stream.read_buffer(UNPACKED_BYTES_MAX + 1)
    if data.size > UNPACKED_BYTES_MAX:
        allowed = f"{UNPACKED_BYTES_MAX:,} bytes"
        raise Problem("the file is too large unpacked", received=f"more than {allowed}", allowed=allowed)
    return data


def _csv(stream: Any, layout: Layout, grain: Grain) -> Iterator[Chunk]:
    if layout.encoding.lower().replace("_", "-").startswith(WIDE):
        stream = pa.transcoding_input_stream(stream, layout.encoding, "utf-8")
        layout = msgspec.structs.replace(layout, encoding="utf-8")
    broken: list[tuple[int, str, str]] = []
    header = 0 if layout.columns else 1

    def skip(row: Any) -> str:
        broken.append(
            (row.number - header, row.text, f"{row.actual_columns} columns instead of {row.expected_columns}")
        )
        return "skip"

    names, done, told = list(layout.columns), 0, 0
    for batch in _csv_batches(stream, layout, grain, skip):
        if not names:
            names = [_heading(_reader(layout)(column[0].as_py()), layout) for column in batch.columns]
            batch = batch.slice(1)
        if len(names) != batch.num_columns:
            raise Problem(
                "the file has another number of columns", received=batch.num_columns, allowed=", ".join(names)
            )
        numbers = _numbers(done, batch.num_rows, [number for number, _, _ in broken])
        columns = {name: Column.of_arrow(batch.column(place), _reader(layout)) for place, name in enumerate(names)}
        # The reader is ahead: what it skipped behind these rows belongs to a later chunk.
        upto = told + sum(number < numbers[-1] for number, _, _ in broken[told:]) if len(numbers) else told
        yield Chunk(columns=columns, numbers=numbers, broken=tuple(broken[told:upto]))
        done, told = done + batch.num_rows, upto
    if told < len(broken):
        yield _only_broken(names, broken[told:])


def _heading(cell: Any, layout: Layout) -> str:
    """Return the name of a column. Raises: Problem when it is no text in the encoding of the file."""
    if isinstance(cell, Refused) or "\0" in str(cell):
        hint = "csv: {encoding: utf-16}, or latin-1, or what the file was written in"
        told = cell.why if isinstance(cell, Refused) else str(cell)
        raise Problem("the first line is no text", received=told, allowed=f"{layout.encoding} text", hint=hint)
    return str(cell)


def _csv_batches(stream: Any, layout: Layout, grain: Grain, skip: Callable[[Any], str]) -> Iterator[pa.RecordBatch]:
    """Yield the file as binary columns without names; a header is the first row.

    Arrow reads ahead on a thread of its own; when this ends, early or not, that thread reads nothing any more.
    """
    ahead = _ReadAhead(stream)
    try:
        yield from pyarrow.csv.open_csv(
            pa.PythonFile(ahead, mode="r"),
            read_options=pyarrow.csv.ReadOptions(
                block_size=grain.bytes, autogenerate_column_names=True, use_threads=False
            ),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=layout.delimiter, quote_char=layout.quote, newlines_in_values=True, invalid_row_handler=skip
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types={f"f{place}": pa.binary() for place in range(COLUMNS_MAX)}, strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        if "Empty CSV file" not in str(error):
            raise
    finally:
        ahead.close()


class _ReadAhead:
    """A stream that another thread reads, until it is closed here: a store's file must not be closed while it is being read.

    (Arrow's Azure and S3 files free their client at once, and the process dies.)
    """

    def __init__(self, stream: Any) -> None:
        self._stream, self._turn, self.closed = stream, Lock(), False

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, none when the stream is closed or at its end."""
        with self._turn:
            return b"" if self.closed else self._stream.read(size)

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        """Nothing reads the stream, and nothing will."""
        with self._turn:
            self.closed = True


def _numbers(done: int, count: int, skipped: list[int]) -> Numbers:
    """Return the places in the file of ``count`` good rows after ``done`` others, when the rows ``skipped`` lie between."""
    good = np.arange(done, done + count, dtype=np.int64)
    good_before = np.array(sorted(skipped), dtype=np.int64) - 1 - np.arange(len(skipped))
    return good + 1 + np.searchsorted(good_before, good, side="right")


def _reader(layout: Layout) -> Callable[[bytes], Any]:
    missing = frozenset(layout.missing)

    def read(raw: bytes) -> Any:
        try:
            text = raw.decode(layout.encoding)
        except UnicodeDecodeError:
            return Refused(f"not {layout.encoding} text: {raw!r}")
        return None if text in missing else text

    return read


def _only_broken(names: list[str], broken: list[tuple[int, str, str]]) -> Chunk:
    none = np.empty(0, dtype=np.int64)
    columns = {name: Column(none, []) for name in names}
    return Chunk(columns=columns, numbers=none, broken=tuple(broken))


def _lines(stream: Any, grain: Grain) -> Iterator[list[bytes]]:
    """Yield the lines of a byte stream, many at a time, without their ends."""
    rest, began = b"", False
    while block := stream.read(grain.bytes // 4):
        block, began = block if began else block.removeprefix(BOM_UTF8), True
        *lines, rest = (rest + block).split(b"\n")
        if len(rest) > LINE_BYTES_MAX:
            raise Problem("a line is too long", received=f"{len(rest):,} bytes", allowed=f"{LINE_BYTES_MAX:,} bytes")
        if lines:
            yield lines
    if rest:
        yield [rest]


def _jsonl(stream: Any, layout: Layout, grain: Grain) -> Iterator[Chunk]:
    missing, done = frozenset(layout.missing), 0
    for lines in _lines(stream, grain):
        rows: list[dict[str, Any]] = []
        numbers: list[int] = []
        broken: list[tuple[int, str, str]] = []
        for number, line in enumerate(lines, done + 1):
            try:
                row = json_of(line) if line.strip() else None
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                broken.append((number, line.decode("utf-8", "replace"), f"not JSON: {error}"))
                continue
            if isinstance(row, dict):
                rows.append(flatten(row))
                numbers.append(number)
            elif row is not None:
                broken.append((number, line.decode("utf-8", "replace"), "not a JSON object"))
        done += len(lines)
        yield _of_objects(rows, np.array(numbers, dtype=np.int64), tuple(broken), missing)


def _of_objects(
    rows: list[dict[str, Any]], numbers: Numbers, broken: tuple[tuple[int, str, str], ...], missing: frozenset[str]
) -> Chunk:
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {name: Column.of(_there(row.get(name), missing) for row in rows) for name in names}
    return Chunk(columns=columns, numbers=numbers, broken=broken, sparse=True)


def _there(value: Any, missing: frozenset[str]) -> Any:
    return None if isinstance(value, str) and value in missing else value


def _blank_separated(stream: Any, layout: Layout, grain: Grain) -> Iterator[Chunk]:
    names, missing, done = layout.columns, frozenset(layout.missing), 0
    if not names:
        raise Problem(
            "a file of columns needs their names", where="columns", allowed="columns: [name, …] in the mapping"
        )
    for lines in _lines(stream, grain):
        rows: list[dict[str, Any]] = []
        numbers: list[int] = []
        broken: list[tuple[int, str, str]] = []
        for number, line in enumerate(lines, done + 1):
            text = line.decode(layout.encoding, "replace")
            pieces = text.split()
            if len(pieces) == len(names):
                rows.append(dict(zip(names, pieces, strict=True)))
                numbers.append(number)
            elif pieces:
                broken.append((number, text, f"{len(pieces)} columns instead of {len(names)}"))
        done += len(lines)
        yield _of_objects(rows, np.array(numbers, dtype=np.int64), tuple(broken), missing)


def _parquet(stream: Any, layout: Layout, grain: Grain) -> Iterator[Chunk]:
    missing, done = frozenset(layout.missing), 0
    with pyarrow.parquet.ParquetFile(stream) as file:
        for batch in file.iter_batches(batch_size=grain.rows):
            table = pa.Table.from_batches([batch])
            while any(pa.types.is_struct(field.type) for field in table.schema):
                table = table.flatten()
            columns = {
                name: Column.of_arrow(table[name].combine_chunks(), lambda value: _there(json_value(value), missing))
                for name in table.column_names
            }
            numbers = np.arange(done + 1, done + 1 + table.num_rows, dtype=np.int64)
            done += table.num_rows
            yield Chunk(columns=columns, numbers=numbers)


def _excel(stream: Any, layout: Layout, grain: Grain) -> Iterator[Chunk]:
    try:
        from coterie.connectors.sources.excel import sheet_rows
    except ImportError as error:
        hint = "pip install 'coterie[excel]'"
        raise Problem("the library for Excel is missing", received=error.name, hint=hint) from error

    names, rows = sheet_rows(stream.read(), layout)
    missing = frozenset(layout.missing)
    for start in range(0, len(rows), grain.rows):
        part = rows[start : start + grain.rows]
        cells = {name: [json_value(row[place]) for row in part] for place, name in enumerate(names)}
        columns = {name: Column.of(_there(normal(one), missing) for one in values) for name, values in cells.items()}
        yield Chunk(columns=columns, numbers=np.arange(start + 1, start + 1 + len(part), dtype=np.int64))


_CUTTERS: dict[str, Callable[[Any, Layout, Grain], Iterator[Chunk]]] = {
    "csv": _csv,
    "jsonl": _jsonl,
    "parquet": _parquet,
    "columns": _blank_separated,
    "excel": _excel,
}
