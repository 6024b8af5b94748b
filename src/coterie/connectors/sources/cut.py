"""Files cut into chunks of rows: CSV, JSON lines, Parquet and blank-separated columns, plain, .gz or .zst."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from coterie.connectors.column import Column, Refused
from coterie.connectors.mapping import Layout
from coterie.connectors.rows import Chunk, json_value
from coterie.errors import NotFound, Problem
from coterie.values import flatten

BLOCK_BYTES = 1 << 24
ROWS = 200_000
COLUMNS_MAX = 4_000
Numbers = np.ndarray[Any, np.dtype[np.int64]]
_PACKED = {".gz": "gzip", ".zst": "zstd"}
_BY_SUFFIX = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".txt": "columns",
}

Progress = Callable[[int], None]
"""Told the bytes of the file (as stored) that have been read by now."""


def cut(path: Path, layout: Layout, progress: Progress) -> Iterator[Chunk]:
    """Yield the rows of ``path`` in order. Raises: NotFound, Problem when the file as a whole cannot be read."""
    if not path.is_file():
        raise NotFound(f"no file {path}")
    packed = _PACKED.get(path.suffix)
    name = path.stem if packed else path.name
    kind = layout.format or _BY_SUFFIX.get(Path(name).suffix, "")
    if kind not in _CUTTERS:
        allowed = ", ".join(sorted(_BY_SUFFIX))
        raise Problem(
            "the format of the file is not known by its name",
            where=str(path),
            allowed=f"{allowed}, or format: in the mapping",
        )
    if Path(name).suffix == ".tsv" and layout.delimiter == ",":
        layout = msgspec.structs.replace(layout, delimiter="\t")
    try:
        with path.open("rb") as raw:
            stream: Any = pa.PythonFile(raw, mode="r")
            if packed:
                stream = pa.CompressedInputStream(stream, packed)
            for chunk in _CUTTERS[kind](stream, layout):
                progress(raw.tell())
                yield chunk
    except (pa.ArrowInvalid, OSError) as error:
        raise Problem("the file cannot be read", where=str(path), received=str(error).splitlines()[0]) from error


def _csv(stream: Any, layout: Layout) -> Iterator[Chunk]:
    broken: list[tuple[int, str, str]] = []
    header = 0 if layout.columns else 1

    def skip(row: Any) -> str:
        broken.append(
            (row.number - header, row.text, f"{row.actual_columns} columns instead of {row.expected_columns}")
        )
        return "skip"

    names, done, told = list(layout.columns), 0, 0
    for batch in _csv_batches(stream, layout, skip):
        if not names:
            names = [str(_reader(layout)(column[0].as_py())) for column in batch.columns]
            batch = batch.slice(1)
        if len(names) != batch.num_columns:
            raise Problem(
                "the file has another number of columns", received=batch.num_columns, allowed=", ".join(names)
            )
        numbers = _numbers(done, batch.num_rows, [number for number, _, _ in broken])
        columns = {name: Column.of_arrow(batch.column(place), _reader(layout)) for place, name in enumerate(names)}
        yield Chunk(columns=columns, numbers=numbers, broken=tuple(broken[told:]))
        done, told = done + batch.num_rows, len(broken)
    if told < len(broken):
        yield _only_broken(names, broken[told:])


def _csv_batches(stream: Any, layout: Layout, skip: Callable[[Any], str]) -> Iterator[pa.RecordBatch]:
    """Yield the file as binary columns without names; a header is the first row."""
    try:
        yield from pyarrow.csv.open_csv(
            stream,
            read_options=pyarrow.csv.ReadOptions(
                block_size=BLOCK_BYTES, autogenerate_column_names=True, use_threads=False
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


def _lines(stream: Any) -> Iterator[list[bytes]]:
    """Yield the lines of a byte stream, many at a time, without their ends."""
    rest = b""
    while block := stream.read(BLOCK_BYTES // 4):
        *lines, rest = (rest + block).split(b"\n")
        if lines:
            yield lines
    if rest:
        yield [rest]


def _jsonl(stream: Any, layout: Layout) -> Iterator[Chunk]:
    decode, missing, done = msgspec.json.Decoder().decode, frozenset(layout.missing), 0
    for lines in _lines(stream):
        rows: list[dict[str, Any]] = []
        numbers: list[int] = []
        broken: list[tuple[int, str, str]] = []
        for number, line in enumerate(lines, done + 1):
            try:
                row = decode(line) if line.strip() else None
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


def _blank_separated(stream: Any, layout: Layout) -> Iterator[Chunk]:
    names, missing, done = layout.columns, frozenset(layout.missing), 0
    if not names:
        raise Problem(
            "a file of columns needs their names", where="columns", allowed="columns: [name, …] in the mapping"
        )
    for lines in _lines(stream):
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


def _parquet(stream: Any, layout: Layout) -> Iterator[Chunk]:
    missing, done = frozenset(layout.missing), 0
    with pyarrow.parquet.ParquetFile(pa.BufferReader(stream.read())) as file:
        for batch in file.iter_batches(batch_size=ROWS):
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


_CUTTERS: dict[str, Callable[[Any, Layout], Iterator[Chunk]]] = {
    "csv": _csv,
    "jsonl": _jsonl,
    "parquet": _parquet,
    "columns": _blank_separated,
}
