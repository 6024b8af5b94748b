"""Which new cluster is which old one: a Hungarian matching on shared people and on centres, and what split or merged."""

from __future__ import annotations

import math

import numpy as np

from coterie.clusters.identity.outcome import Kept, Labels, Matching, Merge, Side, Split
from coterie.errors import Problem
from coterie.features.table import Floats

OVERLAP_MIN = 0.3
"""The least Dice overlap with which a cluster goes on as another. A cluster that fell into four equal parts still has 0.4 with each."""
CENTRE_WEIGHT = 0.25
"""How much the closeness of centres counts beside the overlap of people. It decides between successors that share equally many."""
MAIN_SHARE = 0.5
"""A part of a split comes mainly from the old cluster, and an old cluster goes mainly into a merge: at least this share."""
PART_SHARE = 0.1
"""A part smaller than this share of the whole is no part of a split or a merge, but people who moved."""


def match_clusters(old: Side, new: Side) -> Matching:
    """Return which new cluster goes on as which old one, and which split, merged, were born or died.

    The matching maximises the sum of ¾ · Dice overlap of people + ¼ · closeness of centres over all one-to-one matchings; a pair below an overlap of
    ``OVERLAP_MIN`` is no pair. When the sides have no people in common, centres alone decide. Equal sums go to the lower labels.
    Cost: O(n + k³). Raises: Problem when the sides are not of the same people, or the centres of the same space.
    Source: Kuhn 1955, "The Hungarian method for the assignment problem"; Dice 1945 for 2|A∩B| / (|A|+|B|).
    """
    _compare(old, new)
    shared = _contingency(old.labels, new.labels, len(old.keys), len(new.keys))
    old_sizes, new_sizes = _sizes(old), _sizes(new)
    dice = _ratio(2.0 * shared, old_sizes[:, None] + new_sizes[None, :])
    moved = _moves(old.centres, new.centres)
    is_known = shared.sum() > 0
    kept = _pairs(old, dice, moved, is_known)
    assigned: list[str | None] = [None] * len(new.keys)
    for one in kept:
        assigned[one.new] = one.key
    of_old, of_new = _ratio(shared, old_sizes[:, None]), _ratio(shared, new_sizes[None, :])
    going = {one.old for one in kept}
    return Matching(
        assigned=tuple(assigned),
        kept=kept,
        splits=_splits(old, of_old, of_new),
        merges=_merges(old, of_old, of_new),
        births=tuple(label for label, key in enumerate(assigned) if key is None),
        deaths=tuple(key for label, key in enumerate(old.keys) if label not in going),
        agreement=float(sum(shared[one.old, one.new] for one in kept) / shared.sum()) if is_known else 0.0,
    )


def _compare(old: Side, new: Side) -> None:
    if len(old.labels) != len(new.labels):
        raise Problem(
            "the two clusterings are not of the same people",
            received=len(new.labels), allowed=str(len(old.labels)), hint="keep the people that both know, in one order",
        )  # fmt: skip
    if old.centres.shape[1:] != new.centres.shape[1:]:
        raise Problem(
            "the centres lie in different spaces",
            received=new.centres.shape[1:], allowed=str(old.centres.shape[1:]), hint="make both sides with side_of",
        )  # fmt: skip


def _contingency(old: Labels, new: Labels, old_count: int, new_count: int) -> Floats:
    """Return how many people are in each old cluster and each new one, (old, new)."""
    both = (old >= 0) & (new >= 0)
    cells = np.bincount(old[both] * new_count + new[both], minlength=old_count * new_count)
    return cells.reshape(old_count, new_count).astype(np.float64)


def _sizes(side: Side) -> Floats:
    return np.bincount(side.labels[side.labels >= 0], minlength=len(side.keys)).astype(np.float64)


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Return part / whole, 0 where there is nothing."""
    return np.divide(part, whole, out=np.zeros_like(part), where=np.broadcast_to(whole, part.shape) > 0)


def _moves(old: Floats, new: Floats) -> Floats:
    """Return the distances between old and new centres in units of the spread of all centres; infinite where a centre is not known."""
    both = np.vstack((old, new))
    known = both[~np.isnan(both).any(axis=1)]
    spread = math.sqrt(float(((known - known.mean(axis=0)) ** 2).sum(axis=1).mean())) if len(known) else 0.0
    distances = np.sqrt(((old[:, None, :] - new[None, :, :]) ** 2).sum(axis=2))
    moves: Floats = np.where(np.isnan(distances), np.inf, distances / spread if spread else distances)
    return moves


def _pairs(old: Side, dice: Floats, moved: Floats, is_known: bool) -> tuple[Kept, ...]:
    from scipy.optimize import linear_sum_assignment

    closeness = np.exp(-0.5 * moved**2)
    score = (1 - CENTRE_WEIGHT) * dice + CENTRE_WEIGHT * closeness if is_known else closeness
    enough = dice >= OVERLAP_MIN if is_known else moved < 1.0
    rows, columns = linear_sum_assignment(np.where(enough, score, 0.0), maximize=True)
    return tuple(
        Kept(key=old.keys[row], old=int(row), new=int(column), overlap=float(dice[row, column]), moved=float(moved[row, column]))
        for row, column in zip(rows, columns, strict=True)
        if enough[row, column]
    )  # fmt: skip


def _splits(old: Side, of_old: Floats, of_new: Floats) -> tuple[Split, ...]:
    """Return the old clusters that are the main origin of several new ones."""
    found = []
    for row, key in enumerate(old.keys):
        parts = np.flatnonzero((of_new[row] >= MAIN_SHARE) & (of_old[row] >= PART_SHARE))
        if len(parts) > 1:
            parts = parts[np.argsort(-of_old[row, parts], kind="stable")]
            shares = tuple(float(share) for share in of_old[row, parts])
            found.append(Split(key=key, into=tuple(int(part) for part in parts), shares=shares))
    return tuple(found)


def _merges(old: Side, of_old: Floats, of_new: Floats) -> tuple[Merge, ...]:
    """Return the new clusters into which several old ones went mainly."""
    found = []
    for column in range(of_new.shape[1]):
        parts = np.flatnonzero((of_old[:, column] >= MAIN_SHARE) & (of_new[:, column] >= PART_SHARE))
        if len(parts) > 1:
            parts = parts[np.argsort(-of_new[parts, column], kind="stable")]
            shares = tuple(float(share) for share in of_new[parts, column])
            found.append(Merge(keys=tuple(old.keys[part] for part in parts), into=column, shares=shares))
    return tuple(found)
