"""Which files of a table become which others: few large ones, those of the log by person. Rows and their order stay.

A landing adds one file of whatever came, in bucket −1. Eight neighbours of about one size become one. When there are rows for
a whole span, they are divided by the hash of their person into ``BUCKETS`` files; later, eight of one bucket become one again.
So a row is written about three times in its life, a person's events lie in one of 32 files of each span, and the log in its
order is still read without sorting more than a span.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import groupby

import numpy as np
import pyarrow as pa
from msgspec import Struct

from coterie.storage.lake.parquet import GROUP_ROWS, FileWriter, Rows, Written, batches
from coterie.storage.lake.table import File, LakeTable

BUCKETS = 32
OPEN = -1
"""Bucket of what is not divided yet."""
SPAN_ROWS = 4_000_000
"""Rows that are divided by person together; until then they lie in the order in which they came."""
TOGETHER = 8
"""So many neighbours of one size become one file."""
LARGE_ROWS = 1_000_000
"""Files of so many rows are not merged with others."""

Dress = Callable[[pa.Table], Rows]
"""What gives rows the columns in which they are to be written."""


class Step(Struct, frozen=True):
    """Files that become one, or one for each bucket."""

    files: tuple[File, ...]
    is_divided: bool

    @property
    def rows(self) -> int:
        return sum(one.rows for one in self.files)


class Compacted(Struct, frozen=True, kw_only=True):
    """How many files became how many, and the rows that were written."""

    before: int = 0
    after: int = 0
    rows: int = 0


def bucket_of(profile: str) -> int:
    """Return where a person's rows lie: the first byte of the MD5 of the id, modulo ``BUCKETS``; any tool can compute it.

    >>> bucket_of("ada"), bucket_of("grace")
    (12, 21)
    """
    return hashlib.md5(profile.encode(), usedforsecurity=False).digest()[0] % BUCKETS


def next_step(files: Sequence[File], span_rows: int, *, everything: bool = False) -> Step | None:
    """Return what is to be done next, ``None`` when nothing is. ``files`` in the order of the log.

    With ``everything`` what is open is divided however little it is, and neighbours become one however few they are.
    """
    opened = [one for one in files if one.bucket in (OPEN, None)]
    is_by_person = bool(opened) and opened[0].bucket == OPEN
    if is_by_person and sum(one.rows for one in opened) >= (1 if everything else span_rows):
        return Step(tuple(opened if everything else _first_span(opened, span_rows)), True)
    together = 2 if everything else TOGETHER
    for _, group in groupby(sorted(files, key=_bucket), key=_bucket):
        if run := _neighbours(list(group), together, LARGE_ROWS if everything else 0):
            return Step(tuple(run), False)
    return None


def _bucket(file: File) -> int:
    return OPEN if file.bucket is None else file.bucket


def _first_span(opened: Sequence[File], span_rows: int) -> Iterator[File]:
    rows = 0
    for one in opened:
        if rows < span_rows:
            yield one
        rows += one.rows


def _neighbours(files: Sequence[File], together: int, rows_max: int) -> list[File]:
    """Return the smallest ``together`` or more neighbours, those of up to ``rows_max`` rows being alike; none if it is not worth it."""
    for tier in sorted({_tier(one, rows_max) for one in files if one.rows < LARGE_ROWS}):
        run: list[File] = []
        for one in (*files, None):
            if one is not None and one.rows < LARGE_ROWS and _tier(one, rows_max) <= tier:
                run.append(one)
                continue
            if len(run) >= together and (rows_max or _is_worth_it(run)):
                return run
            run = []
    return []


def _is_worth_it(run: Sequence[File]) -> bool:
    """Return whether no row is written anew only because a few small files lie beside its large one."""
    return sum(one.rows for one in run) >= 2 * max(one.rows for one in run)


def _tier(file: File, rows_max: int) -> int:
    return 0 if file.rows < rows_max else int(math.log(max(file.rows, 1), TOGETHER))


def take(table: LakeTable, step: Step, dress: Dress, wanted: Collection[str] = ()) -> Compacted:
    """The step is done, in one commit, unless an erasure was in the way. A crash before it leaves files that nobody reads, which vacuum takes away.

    Columns of properties that are ``wanted`` and whole in every file are taken over; else all of them are made by ``dress``.
    """
    plain, kept = table.schema.names, [*table.schema.names, *wanted]
    is_kept = all(one.whole.issuperset(wanted) for one in step.files)
    groups = (rows for one in step.files for rows in batches(table.place, one.path, kept if is_kept else plain))
    rows = ((one, wanted) if is_kept else dress(one) for one in groups)
    written = divided(table, rows) if step.is_divided else joined(table, rows, step.files[0].bucket)
    if not table.move(written, step.files):
        return Compacted()
    return Compacted(before=len(step.files), after=len(written), rows=step.rows)


def compact(
    table: LakeTable,
    span_rows: int = SPAN_ROWS,
    dress: Dress = lambda rows: (rows, ()),
    wanted: Collection[str] = (),
    *,
    everything: bool = False,
) -> Compacted:
    """Every step that is due is done, each in a commit of its own; return what they did together.

    The table is held only for the commits: landings and readers go on meanwhile.
    """
    done = Compacted()
    while step := next_step(table.files(), span_rows, everything=everything):
        one = take(table, step, dress, wanted)
        done = Compacted(before=done.before + one.before, after=done.after + one.after, rows=done.rows + one.rows)
    return done


def joined(table: LakeTable, tables: Iterable[Rows], bucket: int | None) -> list[Written]:
    """Return the file of all rows, one after the other; none when there are no rows."""
    writer: FileWriter | None = None
    for rows, whole in tables:
        if rows.num_rows:
            writer = writer or FileWriter(table.place, table.layout, rows.schema, bucket)
            writer.write(rows, whole)
    return [writer.close()] if writer else []


def divided(table: LakeTable, tables: Iterable[Rows]) -> list[Written]:
    """Return a file for each bucket, rows in their order; buckets without rows have none."""
    writers: dict[int, FileWriter] = {}
    known: dict[str, int] = {}
    for rows, whole in tables:
        coded = rows["profile"].combine_chunks().dictionary_encode()
        told = [known.get(one) or known.setdefault(one, bucket_of(one)) for one in coded.dictionary.to_pylist()]
        buckets = np.array(told, np.int64)[coded.indices.to_numpy()]
        order = np.argsort(buckets, kind="stable")
        ends = np.searchsorted(buckets[order], np.arange(BUCKETS + 1))
        sorted_rows = rows.take(pa.array(order)).combine_chunks()
        for bucket in range(BUCKETS):
            if ends[bucket] == ends[bucket + 1]:
                continue
            if bucket not in writers:
                writers[bucket] = FileWriter(table.place, table.layout, rows.schema, bucket, GROUP_ROWS // 2)
            writers[bucket].write(sorted_rows.slice(ends[bucket], ends[bucket + 1] - ends[bucket]), whole)
    return [writers[bucket].close() for bucket in sorted(writers)]
