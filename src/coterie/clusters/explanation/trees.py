"""Trees of depth ≤ 3 that tell one cluster from the rest, on the features as people know them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct

from coterie.clusters.explanation.bounds import Mask
from coterie.clusters.explanation.differences import frequent_levels
from coterie.clusters.explanation.facts import Bound
from coterie.clusters.explanation.thresholds import shortest_between
from coterie.clusters.labels import Ints
from coterie.features.table import Column, FeatureTable, Floats

LEAF_SHARE_MIN = 0.005
"""A side of a split holds at least this share of the weight on which the tree grows: a rule about less is about somebody."""


SLACK = 0.01
"""A threshold may leave so much more impurity than the best one, as a share of it, when it is easier to read."""


class Tree(Struct, frozen=True, kw_only=True):
    """A node: who is in it, and the bounds that lead to its children (none: a leaf)."""

    rows: Mask
    depth: int
    bounds: tuple[Bound, Bound] | None = None
    children: tuple[Tree, Tree] | None = None


class Candidate(Struct, frozen=True, kw_only=True):
    """A split: how much impurity it leaves, the bounds of both sides, and who goes to the first."""

    impurity: float
    bounds: tuple[Bound, Bound]
    first: Mask


def grow(table: FeatureTable, columns: Sequence[str], target: Mask, weights: Floats, depth: int) -> Tree:
    """Return a tree that tells ``target`` (n,) from the rest by greedy splits that minimise the weighted Gini impurity.

    Thresholds are the shortest decimals that divide the data so. Missing values go to the better side, and to neither where there were
    none to learn from. Cost: one sort of each column per node. Source: Breiman, Friedman, Olshen, Stone 1984, CART, §2.4, §9.4.
    """
    chosen = [table.column(name) for name in columns]
    return _node(chosen, target, weights, np.ones(len(table), bool), 0, depth)


def _node(columns: Sequence[Column], target: Mask, weights: Floats, rows: Mask, level: int, depth: int) -> Tree:
    inside = target[rows]
    if level == depth or inside.all() or not inside.any():
        return Tree(rows=rows, depth=level)
    least = LEAF_SHARE_MIN * float(weights.sum())
    best: Candidate | None = None
    for column in columns:
        split = _numeric if column.kind == "number" else _categorical
        for candidate in split(column, target, weights, rows, least):
            if best is None or candidate.impurity < best.impurity - 1e-12:
                best = candidate
    if best is None:
        return Tree(rows=rows, depth=level)
    children = tuple(
        _node(columns, target, weights, side, level + 1, depth) for side in (rows & best.first, rows & ~best.first)
    )
    return Tree(rows=rows, depth=level, bounds=best.bounds, children=(children[0], children[1]))


def _impurity(positive: Floats, total: Floats, all_positive: float, all_total: float) -> Floats:
    """Return 2 Σ w₊ w₋ / w over both sides of each split; infinite where a side is empty."""
    rest_positive, rest = all_positive - positive, all_total - total
    with np.errstate(divide="ignore", invalid="ignore"):
        left = positive * (total - positive) / total
        right = rest_positive * (rest - rest_positive) / rest
        impurity: Floats = np.where((total > 0) & (rest > 0), 2.0 * (left + right), np.inf)
    return impurity


def _numeric(column: Column, target: Mask, weights: Floats, rows: Mask, least: float) -> Iterator[Candidate]:
    """Yield the best threshold of a numeric feature, with missing values on either side."""
    values = np.asarray(column.values, np.float64)
    missing = rows & np.isnan(values)
    places = np.flatnonzero(rows & ~missing)
    places = places[np.argsort(values[places], kind="stable")]
    ordered = values[places]
    cuts = np.flatnonzero(ordered[1:] > ordered[:-1])
    if not len(cuts):
        return
    weight, positive = weights[places], weights[places] * target[places]
    total_at, positive_at = np.cumsum(weight), np.cumsum(positive)
    absent, absent_positive = float(weights[missing].sum()), float((weights * target)[missing].sum())
    whole, whole_positive = float(total_at[-1]) + absent, float(positive_at[-1]) + absent_positive
    for is_first in (False, True) if absent else (False,):
        total, share = total_at[cuts] + is_first * absent, positive_at[cuts] + is_first * absent_positive
        impurity = _impurity(share, total, whole_positive, whole)
        impurity[(total < least) | (whole - total < least)] = np.inf
        best = int(np.argmin(impurity))
        if not np.isfinite(impurity[best]):
            continue
        at = _readable(ordered, cuts, impurity, best)
        with np.errstate(invalid="ignore"):
            first = (values < at) | (missing & is_first)
        yield Candidate(
            impurity=float(impurity[best]),
            bounds=(
                Bound(column=column.name, below=at, missing=bool(absent) and is_first),
                Bound(column=column.name, at_least=at, missing=bool(absent) and not is_first),
            ),
            first=first,
        )


def _readable(ordered: Floats, cuts: Ints, impurity: Floats, best: int) -> float:
    """Return the shortest threshold whose impurity is within ``SLACK`` of the best cut's: 42 days, not 42.0137."""
    enough = impurity <= impurity[best] * (1 + SLACK)
    low = high = best
    while low > 0 and enough[low - 1]:
        low -= 1
    while high < len(cuts) - 1 and enough[high + 1]:
        high += 1
    return shortest_between(float(ordered[cuts[low]]), float(ordered[cuts[high] + 1]))


def _categorical(column: Column, target: Mask, weights: Floats, rows: Mask, least: float) -> Iterator[Candidate]:
    """Yield the best set of frequent levels of a category; everything else, missing too, is on the other side.

    Levels are tried in the order of their share of ``target``, which holds the best set for two classes (Breiman et al. 1984, theorem 4.5).
    """
    texts = column.values.astype(str)
    missing = np.array([value is None for value in column.values], bool)
    levels = frequent_levels(column)
    masks = [rows & ~missing & (texts == level) for level in levels]
    totals = np.array([float(weights[mask].sum()) for mask in masks])
    positives = np.array([float((weights * target)[mask].sum()) for mask in masks])
    seen = [place for place in range(len(levels)) if totals[place] > 0]
    order = sorted(seen, key=lambda place: (-positives[place] / totals[place], levels[place]))
    if not order:
        return
    whole, whole_positive = float(weights[rows].sum()), float((weights * target)[rows].sum())
    total, positive = np.cumsum(totals[order]), np.cumsum(positives[order])
    impurity = _impurity(positive, total, whole_positive, whole)
    impurity[(total < least) | (whole - total < least)] = np.inf
    best = int(np.argmin(impurity))
    if np.isfinite(impurity[best]):
        among = tuple(sorted(levels[place] for place in order[: best + 1]))
        yield Candidate(
            impurity=float(impurity[best]),
            bounds=(
                Bound(column=column.name, levels=among),
                Bound(column=column.name, levels=among, negate=True, missing=bool((rows & missing).any())),
            ),
            first=np.isin(texts, among) & ~missing,
        )
