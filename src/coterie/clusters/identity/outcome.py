"""The two sides of a matching, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from coterie.errors import Problem
from coterie.features.table import Floats

Labels = np.ndarray[tuple[int, ...], np.dtype[np.int64]]


class Side(Struct, frozen=True, kw_only=True):
    """One clustering of the people that both know, in their common order: a key per cluster, a label per person (−1: none), a centre per cluster.

    The centres of both sides lie in one space. ``side_of`` makes them from one matrix, which is the safe way: the space that an old model was fitted
    in is not the new one's.
    """

    keys: tuple[str, ...]
    labels: Labels
    centres: Floats


def side_of(keys: Sequence[str], labels: Labels, matrix: Floats) -> Side:
    """Return a side whose centres are the means of ``matrix`` (n, d) by label; a cluster without people has a centre of NaN.

    For the old side of a refit, ``labels`` are what the old model says of the same people as of the same instant: then customers who
    moved are not mistaken for clusters that changed. Raises: Problem when lengths or labels do not fit.
    """
    labels = np.asarray(labels, np.int64)
    if len(labels) != len(matrix):
        raise Problem("labels and matrix have different lengths", received=len(labels), allowed=str(len(matrix)))
    if labels.size and (labels.min() < -1 or labels.max() >= len(keys)):
        raise Problem("a label without a key", received=int(labels.max()), allowed=f"-1 to {len(keys) - 1}")
    centres = np.full((len(keys), matrix.shape[1]), np.nan)
    for label in range(len(keys)):
        members = labels == label
        if members.any():
            centres[label] = matrix[members].mean(axis=0)
    return Side(keys=tuple(keys), labels=labels, centres=centres)


class Kept(Struct, frozen=True, kw_only=True):
    """An old cluster that goes on as a new one."""

    key: str
    old: int
    new: int
    overlap: float
    """2 · shared / (old + new) people (Dice), of those that both sides know."""
    moved: float
    """Distance between the two centres in units of the spread of the centres; NaN is not: 0 where nothing is known."""


class Split(Struct, frozen=True, kw_only=True):
    """One old cluster whose members make up most of several new ones. ``shares``: which part of the old members each new one holds."""

    key: str
    into: tuple[int, ...]
    shares: tuple[float, ...]


class Merge(Struct, frozen=True, kw_only=True):
    """Several old clusters most of whose members are in one new one. ``shares``: which part of the new members comes from each."""

    keys: tuple[str, ...]
    into: int
    shares: tuple[float, ...]


class Matching(Struct, frozen=True, kw_only=True):
    """Who goes on as who. ``assigned`` has a key per new cluster, or None for a cluster that is new and has to be given one."""

    assigned: tuple[str | None, ...]
    kept: tuple[Kept, ...]
    splits: tuple[Split, ...]
    merges: tuple[Merge, ...]
    births: tuple[int, ...]
    """New clusters that go on from no old one."""
    deaths: tuple[str, ...]
    """Keys of old clusters that go on as no new one."""
    agreement: float
    """Share of the people, of those in clusters on both sides, whose cluster kept its key."""

    def keys(self, fresh: Sequence[str]) -> tuple[str, ...]:
        """Return a key per new cluster: the persisting ones, and for births those of ``fresh`` (one per new cluster, unused ones ignored)."""
        return tuple(fresh[new] if key is None else key for new, key in enumerate(self.assigned))
