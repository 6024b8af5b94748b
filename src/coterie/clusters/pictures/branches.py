"""The upper part of a dendrogram as lines: the last merges, with what lies below them as leaves."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from coterie.clusters.labels import Dendrogram

LEAVES = 30
"""Leaves that are drawn: below them the tree is bushes."""


class Leaf(Struct, frozen=True, kw_only=True):
    """A leaf of the drawn tree: its place from left to right, and how many people are below it."""

    place: float
    people: int


class Branch(Struct, frozen=True, kw_only=True):
    """A merge: from (left, left_height) up to ``height``, across, and down to (right, right_height)."""

    left: float
    right: float
    left_height: float
    right_height: float
    height: float
    people: int


class Branches(Struct, frozen=True, kw_only=True):
    """The tree to draw. ``cut`` (if k was given) is a height between the merge that leaves k clusters and the next one."""

    leaves: tuple[Leaf, ...]
    branches: tuple[Branch, ...]
    cut: float | None = None


def branches_of(tree: Dendrogram, k: int | None = None, leaves: int = LEAVES) -> Branches:
    """Return the last ``leaves`` − 1 merges as lines, children in the order of the tree. Cost: O(leaves)."""
    count, first = len(tree.leaf_sizes), max(len(tree.merges) - leaves + 1, 0)
    top = tree.merges[first:]
    sizes = {**{number: int(size) for number, size in enumerate(tree.leaf_sizes)}}
    sizes |= {count + number: int(row[3]) for number, row in enumerate(tree.merges)}
    own = {count + first + number: row for number, row in enumerate(top)}
    places: dict[int, float] = {}
    found: list[Leaf] = []
    waiting = [(count + len(tree.merges) - 1, False)] if len(top) else []
    while waiting:
        node, is_done = waiting.pop()
        if node not in own:
            places[node] = float(len(found))
            found.append(Leaf(place=places[node], people=sizes[node]))
        elif is_done:
            places[node] = (places[int(own[node][0])] + places[int(own[node][1])]) / 2
        else:
            waiting += [(node, True), (int(own[node][1]), False), (int(own[node][0]), False)]
    heights = {node: float(row[2]) for node, row in own.items()}
    lines = tuple(_branch(node, row, places, heights, sizes) for node, row in own.items())
    return Branches(leaves=tuple(found), branches=lines, cut=_cut(tree, k))


def _branch(node: int, row: np.ndarray[tuple[int, ...], np.dtype[np.float64]], places: dict[int, float], heights: dict[int, float], sizes: dict[int, int]) -> Branch:  # fmt: skip
    left, right = int(row[0]), int(row[1])
    return Branch(
        left=places[left], right=places[right], height=heights[node], people=sizes[node],
        left_height=heights.get(left, 0.0), right_height=heights.get(right, 0.0),
    )  # fmt: skip


def _cut(tree: Dendrogram, k: int | None) -> float | None:
    if k is None or not 2 <= k <= len(tree.merges):
        return None
    heights = tree.merges[:, 2]
    return float(heights[-k] / 2 + heights[-k + 1] / 2)
