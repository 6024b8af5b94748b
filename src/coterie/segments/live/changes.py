"""Membership changes of a batch, in the order of the log: instant, timers before arrivals, position, segment, profile."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from msgspec import Struct

from coterie.segments.live.intake import CAUSES
from coterie.segments.live.layout import Ints
from coterie.segments.live.profiles import Profiles

Columns = Any
"""int64 [change, (at, arrival or -1, row, segment << 8 | cause << 1 | entered)], as kernels write them."""


class Changes(Struct, frozen=True):
    """What changed. Arrays of one length; ``row`` is a profile's row, ``position`` −1 for timers and edits."""

    at: Ints
    row: Ints
    segment: Ints
    entered: Any
    cause: Ints
    position: Ints
    keys: tuple[str, ...]
    versions: tuple[int, ...]
    profiles: Profiles
    event_ids: Any = None
    arrival: Any = None

    def __len__(self) -> int:
        return len(self.at)

    def table(self) -> pa.Table:
        """Return the changes as an Arrow table: segment, version, profile, direction, at, cause, event_id (if known), position."""
        columns = {
            "segment": _coded(self.segment, self.keys),
            "version": pa.array(
                np.array(self.versions, np.int64)[self.segment] if len(self) else np.zeros(0, np.int64)
            ),
            "profile": self.profiles.ids_of(self.row),
            "direction": _coded(self.entered.astype(np.int64), ("exited", "entered")),
            "at": pa.array(self.at),
            "cause": _coded(self.cause, CAUSES),
        }
        if self.event_ids is not None:
            places = pa.array(self.arrival, mask=self.arrival < 0)
            columns["event_id"] = self.event_ids.take(places).fill_null("")
        columns["position"] = pa.array(self.position)
        return pa.table(columns)


def _coded(codes: Ints, words: tuple[str, ...]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(words, pa.string()))


def ordered(
    found: Columns,
    keys: tuple[str, ...],
    versions: tuple[int, ...],
    profiles: Profiles,
    positions: Ints | None = None,
    event_ids: Any = None,
) -> Changes:
    """Return the changes that kernels wrote, in the order of the log."""
    at, arrival, row, segment = found[:, 0], found[:, 1], found[:, 2], found[:, 3] >> 8
    timers = arrival < 0
    place = np.lexsort((np.where(timers, segment, 0), arrival, at))
    place = _by_profile(place, at, arrival, segment, row, profiles)
    arrival, what = arrival[place], found[place, 3]
    if positions is None:
        position = np.full(len(arrival), -1, np.int64)
    else:
        position = np.where(arrival < 0, -1, positions[arrival]) if len(positions) else arrival.copy()
    return Changes(
        at[place], row[place], what >> 8, (what & 1).astype(bool), (what >> 1) & 127, position,
        keys, versions, profiles, event_ids, arrival,
    )  # fmt: skip


def _by_profile(place: Ints, at: Ints, arrival: Ints, segment: Ints, row: Ints, profiles: Profiles) -> Ints:
    """Return the order in which changes of one instant and segment that nothing arrived for stand by profile."""
    same = (at[place][1:] == at[place][:-1]) & (arrival[place][1:] < 0) & (arrival[place][:-1] < 0)
    same &= segment[place][1:] == segment[place][:-1]
    begin = 0
    for tie in np.flatnonzero(np.diff(np.concatenate(([False], same, [False])).astype(np.int8))).reshape(-1, 2):
        begin, end = int(tie[0]), int(tie[1]) + 1
        group = place[begin:end]
        if profiles.numeric:
            place[begin:end] = group[np.argsort(profiles.numbers[row[group]], kind="stable")]
        else:
            place[begin:end] = sorted(group.tolist(), key=lambda i: profiles.texts[row[i]])
    return place
