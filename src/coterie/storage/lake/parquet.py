"""One Parquet file of a table: how it is encoded, and what the table's log says of it. No text of a row is in what is said."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake.transaction import AddAction
from msgspec import Struct

from coterie.storage.lake.place import Place

GROUP_ROWS = 122_880
"""Rows of a row group: what DuckDB reads by one thread at a time."""
Rows = tuple[pa.Table, Collection[str]]
"""Rows, and those of their columns of properties that hold every value of their property."""


class Layout(Struct, frozen=True):
    """How files of a table are written. ``bounded``: whole-number columns whose smallest and largest value the log tells.

    ``plain``: columns of which nearly every value is another, which a dictionary would only make larger; ``person``: the column
    that gets a bloom filter.
    """

    bounded: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    person: str = ""


class Written(Struct, frozen=True):
    """A file that is on the disk and in no version of the table yet."""

    path: str
    bucket: int | None
    rows: int
    size: int
    lowest: Mapping[str, int]
    highest: Mapping[str, int]
    whole: Mapping[str, int] = {}
    """Typed columns that hold all values of their property in this file → how many are null."""

    def action(self, *, is_change: bool) -> AddAction:
        """Return what the log says of the file."""
        nulls = {**dict.fromkeys(self.lowest, 0), **self.whole}
        stats = {"numRecords": self.rows, "minValues": self.lowest, "maxValues": self.highest, "nullCount": nulls}
        where = {} if self.bucket is None else {"bucket": str(self.bucket)}
        return AddAction(self.path, self.size, where, time.time_ns() // 1_000_000, is_change, json.dumps(stats))


class FileWriter:
    """A file that grows by batches. ``close`` puts it on the disk; without that it never is anywhere, or stays unread."""

    def __init__(
        self, place: Place, layout: Layout, schema: pa.Schema, bucket: int | None = None, group_rows: int = GROUP_ROWS
    ) -> None:
        folder = "" if bucket is None else f"bucket={bucket}/"
        self.path = f"{folder}{uuid.uuid4().hex}.parquet"
        self._place, self._layout, self._schema, self._bucket = place, layout, schema, bucket
        self._target = f"{place.path}/{self.path}"
        place.make(folder)
        self._stream = place.files.open_output_stream(self._target)
        self._writer = pq.ParquetWriter(self._stream, schema, **_options(layout, schema))
        self._held: list[pa.Table] = []
        self._group_rows = group_rows
        self._waiting = self.rows = 0
        self._lowest: dict[str, int] = {}
        self._highest: dict[str, int] = {}
        self._nulls: dict[str, int] = {}

    def write(self, rows: pa.Table, whole: Collection[str] = ()) -> None:
        """The rows are behind those that were written before. A row group is written when it is full."""
        if not rows.num_rows:
            return
        before = self._nulls if self.rows else dict.fromkeys(whole, 0)
        self._nulls = {name: count + rows[name].null_count for name, count in before.items() if name in whole}
        for name in self._layout.bounded:
            bounds = pc.min_max(rows[name]).as_py()
            self._lowest[name] = min(self._lowest.get(name, bounds["min"]), bounds["min"])
            self._highest[name] = max(self._highest.get(name, bounds["max"]), bounds["max"])
        self._held.append(rows)
        self._waiting += rows.num_rows
        self.rows += rows.num_rows
        if self._waiting >= self._group_rows:
            self._write_groups()

    def _write_groups(self) -> None:
        table = pa.concat_tables(self._held).combine_chunks()
        full = table.num_rows - table.num_rows % self._group_rows
        self._writer.write_table(table.slice(0, full), row_group_size=self._group_rows)
        rest = table.slice(full)
        self._held, self._waiting = ([rest] if rest.num_rows else []), rest.num_rows

    def close(self) -> Written:
        """Return the file, which is on the disk."""
        if self._held:
            self._writer.write_table(pa.concat_tables(self._held).combine_chunks(), row_group_size=self._group_rows)
        self._writer.close()
        self._stream.close()
        size = self._place.files.get_file_info(self._target).size
        return Written(self.path, self._bucket, self.rows, size, self._lowest, self._highest, self._nulls)


def _options(layout: Layout, schema: pa.Schema) -> dict[str, Any]:
    numbers = [field.name for field in schema if pa.types.is_integer(field.type)]
    texts = [field.name for field in schema if pa.types.is_string(field.type) and field.name not in layout.plain]
    options: dict[str, Any] = {
        "compression": "zstd", "compression_level": 1, "use_dictionary": texts,
        "column_encoding": {name: "DELTA_BINARY_PACKED" for name in numbers if name in layout.bounded},
    }  # fmt: skip
    if layout.person:
        options["bloom_filter_options"] = {layout.person: {"ndv": GROUP_ROWS // 4, "fpp": 0.01}}
    return options


def batches(place: Place, path: str, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """Yield the rows of a file a row group at a time."""
    with place.files.open_input_file(f"{place.path}/{path}") as file:
        opened = pq.ParquetFile(file)
        for group in range(opened.num_row_groups):
            yield opened.read_row_group(group, columns=None if columns is None else list(columns))
