"""Other people's events that name somebody: found in one pass over the log, and written anew without the name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct

from coterie.identity.merges import LOSER
from coterie.identity.resolution import KIND, VALUE
from coterie.identity.rules import EXTERNAL
from coterie.model import LINK, MERGE, UNMERGE
from coterie.privacy.needles import LISTED, Needles
from coterie.privacy.subject import Subject
from coterie.storage.events import EventStore
from coterie.storage.log import SCHEMA
from coterie.values import canonical

_decode = msgspec.json.Decoder().decode
NEAR_ROWS = 200_000
"""Positions that are read together; a row by itself costs as much as 50,000 beside one another."""
_DECISIONS = pa.array([MERGE, UNMERGE, LINK])


class Mentions(Struct, frozen=True):
    """Rows of other people. ``gone`` are positions of merges with the person, and of links of their identifiers; ``named`` are rows whose properties name them."""

    gone: list[int]
    named: pa.Table


def mentioned(store: EventStore, subject: Subject, needles: Needles) -> int:
    """Return how many events of others name the person. Cost: one pass over the properties of the log, about 1 s per GB."""
    return sum(len(one.gone) + one.named.num_rows for one in _each(store, subject, needles))


def amend(store: EventStore, subject: Subject, needles: Needles, blot: str) -> None:
    """No event of others names the person: merges with them and links of their identifiers are gone, and their name in properties is ``blot``."""
    found = list(_each(store, subject, needles))
    gone = [position for one in found for position in one.gone]
    named = pa.concat_tables([one.named for one in found]) if found else SCHEMA.empty_table()
    if gone:
        store.erase((), gone)
    if named.num_rows:
        texts = [canonical(_blotted(_decode(text), needles, blot)) for text in named["properties"].to_pylist()]
        index = SCHEMA.get_field_index("properties")
        store.amend(named.set_column(index, SCHEMA.field(index), pa.array(texts, pa.string())))


def _each(store: EventStore, subject: Subject, needles: Needles) -> Iterator[Mentions]:
    own = pa.array(subject.profiles, pa.string())
    profiles, keys = frozenset(subject.profiles), frozenset(subject.keys)
    for table in store.pieces(["position", "profile", "name", "properties"]):
        decided = pc.is_in(table["name"].cast(pa.string()), value_set=_DECISIONS)
        named = _named(table["properties"], needles)
        if named is None and not pc.any(decided).as_py():
            continue
        others = pc.invert(pc.is_in(table["profile"].cast(pa.string()), value_set=own))
        gone = _decisions(table.filter(pc.and_(others, decided)), profiles, keys)
        places = [] if named is None else table["position"].filter(pc.and_(others, named)).to_pylist()
        rows = _rows_at(store, sorted(set(places).difference(gone)))
        if gone or rows:
            yield Mentions(gone, pa.concat_tables(rows) if rows else SCHEMA.empty_table())


def _rows_at(store: EventStore, places: list[int]) -> list[pa.Table]:
    """Return the rows at some positions. Those that are near one another are read at once."""
    found, first = [], 0
    for end in range(1, len(places) + 1):
        if end == len(places) or places[end] - places[first] > NEAR_ROWS:
            rows = store.between(places[first], places[end - 1] + 1)
            found.append(rows.filter(pc.is_in(rows["position"], value_set=pa.array(places[first:end], pa.int64()))))
            first = end
    return found


def _decisions(decided: pa.Table, profiles: frozenset[str], keys: frozenset[str]) -> list[int]:
    """Return the positions of merges with one of the profiles, done and undone, and of links of one of the identifiers."""
    pairs = zip(decided["position"].to_pylist(), decided["properties"].to_pylist(), strict=True)
    return [position for position, text in pairs if _is_of(_decode(text), profiles, keys)]


def _is_of(told: dict[str, Any], profiles: frozenset[str], keys: frozenset[str]) -> bool:
    if told.get(LOSER) in profiles:
        return True
    key = f"{told.get(KIND)}:{told.get(VALUE)}"
    return KIND in told and (key in keys or f"{EXTERNAL}:{key}" in keys)


def _named(properties: pa.ChunkedArray, needles: Needles) -> pa.Array | None:
    """Return which of the properties name somebody, ``None`` when none does: that is seen in one look at all of them."""
    column = properties.combine_chunks().cast(pa.large_string())
    data = column.buffers()[2] if len(column) else None
    if data is None or not needles.may_be_in(memoryview(data).tobytes()):
        return None
    return pa.array([needles.are_in(text) for text in column.to_pylist()], pa.bool_())


def _blotted(value: Any, needles: Needles, blot: str, field: str = "") -> Any:
    """Return plain data, what a field holds, without the names."""
    if isinstance(value, str):
        return needles.blotted(value, blot, field)
    if isinstance(value, dict):
        named = {key: _field(key, value, needles, field) for key in value}
        return {needles.blotted(key, blot): _blotted(one, needles, blot, named[key]) for key, one in value.items()}
    if isinstance(value, int | float) and not isinstance(value, bool):
        text = canonical(value)
        return value if needles.blotted(text, blot, field) == text else blot
    return [_blotted(one, needles, blot, field) for one in value] if isinstance(value, list) else value


def _field(key: str, record: dict[str, Any], needles: Needles, above: str) -> str:
    """Return the field that a value stands in: where a kind is told beside it, that is the kind."""
    if (above, key) == LISTED:
        told = record.get("type")
        return told if isinstance(told, str) and needles.holds(told) else LOSER
    told = record.get(KIND)
    return told if key == VALUE and isinstance(told, str) and needles.holds(told) else key
