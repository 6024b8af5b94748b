"""Files as a source: each row through the mapping, chunk by chunk, none lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from coterie.connectors.column import Column
from coterie.connectors.content import contents
from coterie.connectors.conversion import Conversion, Taken, Told
from coterie.connectors.mapping import Mapping
from coterie.connectors.rows import Chunk, Occurrences, content_ids
from coterie.connectors.sources.cut import Progress, cut
from coterie.errors import InvalidDefinition, Problem, nearest
from coterie.limits import DEFAULT, Limits
from coterie.storage import quarantine
from coterie.values import parse


def take(
    path: str | Path, mapping: Mapping, *, now: int, limits: Limits = DEFAULT, progress: Progress = lambda _: None
) -> Iterator[Taken]:
    """Yield what becomes of the rows of a file, in chunks; every row is an event, skipped by a rule, or refused with a reason.

    ``now`` is the present: rows further in its future than the clock skew are refused. Cost: about 6 µs per row.
    """
    file, seen, told = Path(path), Occurrences(), Told()
    for chunk in cut(file, mapping.layout, progress):
        _check_columns(chunk, mapping, file)
        ids = content_ids(mapping.source, contents(chunk), seen)
        yield Conversion(mapping, chunk, ids, file.name, now, limits, told).run()


def retake(rows: pa.Table, mapping: Mapping, *, now: int, limits: Limits = DEFAULT) -> Taken:
    """Return what becomes of refused rows when they go through ``mapping`` again, under the ids they had.

    ``rows`` has the columns of the quarantine; text that was never a row stays refused as it is.
    """
    whole = [one for one in rows.to_pylist() if one["reason"] != "not a row"]
    told = [parse(one["row"]) for one in whole]
    objects = [one if isinstance(one, dict) else {} for one in told]
    names = dict.fromkeys(name for row in objects for name in row)
    columns = {name: Column.of(row.get(name) for row in objects) for name in names}
    chunk = Chunk(columns=columns, numbers=np.arange(1, len(objects) + 1), sparse=True)
    taken = Conversion(mapping, chunk, [one["id"] for one in whole], "quarantine", now, limits).run()
    places = {one["id"]: one["place"] for one in whole}
    refused = taken.refused.set_column(
        quarantine.SCHEMA.get_field_index("place"),
        quarantine.SCHEMA.field("place"),
        pa.array([places[one] for one in taken.refused["id"].to_pylist()], pa.string()),
    )
    return Taken(rows=taken.rows, events=taken.events, refused=refused, skipped=taken.skipped)


def _check_columns(chunk: Chunk, mapping: Mapping, file: Path) -> None:
    known = sorted(chunk.columns)
    problems = [
        Problem(
            "the mapping reads a column that the file does not have",
            where=str(file),
            received=name,
            allowed=", ".join(known),
            hint=nearest(name, known),
        )
        for name in sorted(mapping.columns() - chunk.columns.keys())
    ]
    problems += [
        Problem(
            "the mapping gives every event the name of a column",
            where=str(file),
            received=rule.name,
            allowed="a name of an event, or {column: …}",
            hint=f"for the names in that column write event: {{column: {rule.name}}}",
        )
        for rule in (*mapping.events, *mapping.also)
        if rule.name in chunk.columns
    ]
    if problems and not chunk.sparse:
        raise InvalidDefinition(problems)
