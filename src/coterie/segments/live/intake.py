"""A table of the log becomes columns of numbers: the last place where the interpreter sees strings and JSON."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from coterie.limits import Limits
from coterie.model import MERGE, TRAIT_EVENTS, UNMERGE
from coterie.segments.live import layout as at
from coterie.segments.live.dictionaries import Dictionaries, Dictionary
from coterie.segments.live.documents import Documents, Places
from coterie.segments.live.layout import Batch, Floats, Ints
from coterie.segments.live.names import Names
from coterie.segments.live.plans import Design
from coterie.segments.moments import clock_changes, is_timed, local_moment, split
from coterie.values import event_key

EVENT, TIMER, TRAIT, MERGED, EDIT, LATE, UNMERGED = range(7)
CAUSES = ("event", "timer", "trait", "merge", "edit", "late", "unmerge")
CAUSE_OF = {**dict.fromkeys(TRAIT_EVENTS, TRAIT), MERGE: MERGED, UNMERGE: UNMERGED}
HOT = "p."


class Arrivals(NamedTuple):
    """A batch for the kernels, and what only the interpreter reads of it. ``merges`` are the places of ``$merge`` and
    ``$unmerge`` events, ``losers`` whom they name."""

    batch: Batch
    positions: Ints
    event_ids: Any
    profiles: Any
    merges: Ints
    losers: list[Any]


def ints_of(column: Any) -> Ints:
    """Return an Arrow column of whole numbers as an array of our own."""
    return np.array(column.to_numpy(zero_copy_only=False), np.int64)


def combined(column: Any) -> Any:
    """Return one Arrow array of a possibly chunked column."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


class Intake:
    """Reads tables of the log for one plan."""

    def __init__(self, made: Design, dictionaries: Dictionaries, names: Names, limits: Limits) -> None:
        self._made = made
        self._dictionaries = dictionaries
        self._names = names
        self._limits = limits
        self._decode = msgspec.json.Decoder().decode
        self._asked: tuple[tuple[str, ...], tuple[str, ...]] | None = None
        self._reads = Documents(dictionaries, {}, {})

    def read(self, table: Any) -> Arrivals:
        """Return the arrivals of a table or record batch; rows of profiles are not resolved yet."""
        columns = {name: combined(table.column(name)) for name in table.schema.names}
        n = table.num_rows
        classes, causes, named = self._classes(columns["name"], n)
        occurred, received = ints_of(columns["occurred_at"]), ints_of(columns["received_at"])
        late = (received - occurred > self._limits.late_after_us) & (causes == EVENT)
        causes[late] = LATE
        codes, numbers = self._properties(columns, n, classes)
        filled = np.empty((at.BATCH_COLUMNS, n), np.int64)
        filled[at.B_OCCURRED], filled[at.B_RECEIVED], filled[at.B_KEY] = occurred, received, self._keys(columns)
        filled[at.B_CLASS], filled[at.B_CAUSE] = classes, causes
        batch = Batch(filled, codes, numbers)
        merges = np.flatnonzero((causes == MERGED) | (causes == UNMERGED)) if named else np.zeros(0, np.int64)
        positions = ints_of(columns["position"]) if "position" in columns else np.arange(n, dtype=np.int64)
        losers = self._losers(columns, merges)
        return Arrivals(batch, positions, columns.get("event_id"), columns["profile"], merges, losers)

    def _keys(self, columns: dict[str, Any]) -> Ints:
        if "event_key" in columns:
            return ints_of(columns["event_key"])
        return np.array([event_key(one) for one in columns["event_id"].to_pylist()], np.int64)

    def _classes(self, column: Any, n: int) -> tuple[Ints, Ints, bool]:
        """Return each event's class of names and its cause by name, and whether any is a merge or an unmerge."""
        coded = column if pa.types.is_dictionary(column.type) else pc.dictionary_encode(column)
        names = coded.dictionary.to_pylist()
        if n == 0:
            return np.zeros(0, np.int64), np.zeros(0, np.int64), False
        groups = np.array([self._names.class_of(name) for name in names], np.int64)
        causes = np.array([CAUSE_OF.get(name, EVENT) for name in names])
        places = coded.indices.to_numpy(zero_copy_only=False)
        return groups[places], causes[places].astype(np.int64), MERGE in names or UNMERGE in names

    # ── properties ───────────────────────────────────────────────────────────────────────────────────────────

    def _properties(self, columns: dict[str, Any], n: int, classes: Ints) -> tuple[Any, Floats]:
        """Return (codes, numbers) of every property that the plan asks for; -1 and NaN where an event lacks it."""
        draft = self._made.draft
        codes = np.full((len(draft.coded), n), -1, np.int32)
        numbers = np.full((len(draft.numbered), n), np.nan)
        for i, key in enumerate(draft.coded):
            if HOT + key in columns:
                hot_codes(columns[HOT + key], self._dictionaries[key], codes[i])
        for i, key in enumerate(draft.numbered):
            if HOT + key in columns:
                hot_numbers(columns[HOT + key], numbers[i])
        for i, key in enumerate(draft.coded):
            if is_timed(key) and n:
                codes[i] = self._dictionaries[key].codes_of_ints(moments_of(key, ints_of(columns["occurred_at"])))
        for i, key in enumerate(draft.numbered):
            if is_timed(key) and n:
                numbers[i] = moments_of(key, ints_of(columns["occurred_at"]))
        cold_codes = {key: i for i, key in enumerate(draft.coded) if _is_cold(key, columns)}
        cold_numbers = {key: i for i, key in enumerate(draft.numbered) if _is_cold(key, columns)}
        if n and "properties" in columns and (cold_codes or cold_numbers):
            reading = [group for group, reads in self._names.reads.items() if reads]
            wanted = np.flatnonzero(np.isin(classes, reading))
            if len(wanted):
                self._documents(cold_codes, cold_numbers).read(columns["properties"], wanted, codes, numbers)
        return codes, numbers

    def _documents(self, coded: Places, numbered: Places) -> Documents:
        """Return what reads these keys; made anew only when a column has become typed or is no more."""
        asked = (tuple(coded), tuple(numbered))
        if self._asked != asked:
            self._asked, self._reads = asked, Documents(self._dictionaries, coded, numbered)
        return self._reads

    def _losers(self, columns: dict[str, Any], merges: Ints) -> list[Any]:
        """Return whom each merge absorbs or unmerge sets free, ``None`` where that is not said."""
        if HOT + "loser" in columns:
            return [columns[HOT + "loser"][int(i)].as_py() for i in merges]
        if not len(merges) or "properties" not in columns:
            return [None] * len(merges)
        return [self._decode(columns["properties"][int(i)].as_py() or "{}").get("loser") for i in merges]


def _is_cold(key: str, columns: Collection[str]) -> bool:
    """Return whether a property is read out of the JSON: it has no column of its own, and is no matter of the clock."""
    return HOT + key not in columns and not is_timed(key)


def moments_of(key: str, instants: Ints) -> Ints:
    """Return ``moments.moment_of`` of every instant."""
    word, time_zone = split(key)
    since, offsets = (np.array(one, np.int64) for one in clock_changes(time_zone))
    places = np.maximum(np.searchsorted(since, instants, side="right") - 1, 0)
    return np.asarray(local_moment(word, instants + offsets[places]), np.int64)


def hot_codes(column: Any, dictionary: Dictionary, codes: Any) -> None:
    """``codes`` holds the codes of a typed column; nulls are left as they are."""
    kind = column.type
    if pa.types.is_integer(kind):
        if column.null_count == 0:
            codes[:] = dictionary.codes_of_ints(ints_of(column))
        elif column.null_count < len(column):
            valid = column.is_valid().to_numpy(zero_copy_only=False)
            codes[valid] = dictionary.codes_of_ints(ints_of(column.drop_null()))
        return
    coded = column if pa.types.is_dictionary(kind) else pc.dictionary_encode(column)
    found = dictionary.codes_of(coded.dictionary.to_pylist())
    if not len(found):
        return
    places = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)
    codes[:] = np.append(found, -1)[places]


def hot_numbers(column: Any, numbers: Floats) -> None:
    """``numbers`` holds the numbers of a typed column; anything else stays NaN."""
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        found = pc.fill_null(column.cast(pa.float64()), float("nan")).to_numpy(zero_copy_only=False)
        numbers[:] = np.where(np.isfinite(found), found, np.nan)
