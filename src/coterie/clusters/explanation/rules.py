"""The short rule of a cluster: a tree's leaves that say best who is in it, and how well they do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from coterie.clusters.explanation.bounds import Mask, joined, picked, says_branches
from coterie.clusters.explanation.facts import Bound, Fidelity, ShortRule
from coterie.clusters.explanation.trees import Tree, grow
from coterie.features.table import FeatureTable, Floats
from coterie.model import Undetermined

DEPTH_MAX = 3
"""Comparisons on the way to a leaf: more is not read."""
GROWN_ON_MAX = 20_000
"""People on whom a tree is grown; the fidelity is measured on all."""
BOUND_COST = 0.01
"""A further comparison has to bring so much F1: between rules that say nearly the same, the shorter one is told."""


def rule_of(table: FeatureTable, columns: Sequence[str], target: Mask, seed: int = 0) -> ShortRule | Undetermined:
    """Return the rule over ``columns`` that says best who is in ``target`` (n,), with its fidelity over everybody in the table.

    Trees of depth ≤ 3 are grown with people weighing the same, and with both sides weighing the same; of their leaves, those that give the best F1
    together are taken, less a little per comparison. Undetermined when there is no column to use, or when all or nobody is in the target.
    """
    if not columns:
        return Undetermined("none of the features can be written as a condition of a segment")
    if target.all() or not target.any():
        return Undetermined("a rule tells some people from others: here are not both")
    rows = _sample(target, seed)
    part, inside = table.only(rows), target[rows]
    best: tuple[float, tuple[tuple[Bound, ...], ...]] | None = None
    for weights in _weights(inside):
        tree = grow(part, columns, inside, weights, DEPTH_MAX)
        for depth in range(1, DEPTH_MAX + 1):
            for branches in _unions(tree, depth, inside):
                score = fidelity_of(picked(branches, part), inside).f1 - BOUND_COST * sum(map(len, branches))
                if best is None or score > best[0] + 1e-12:
                    best = (score, branches)
    if best is None:
        return Undetermined("no feature tells these people from the others")
    found = fidelity_of(picked(best[1], table), target)
    return ShortRule(branches=best[1], fidelity=found, says=says_branches(best[1], table))


def fidelity_of(chosen: Mask, target: Mask) -> Fidelity:
    """Return how well ``chosen`` says who is in ``target``; precision is 0 where nobody is chosen, recall where nobody is meant."""
    both, people, meant = int((chosen & target).sum()), int(chosen.sum()), int(target.sum())
    return Fidelity(
        accuracy=float((chosen == target).mean()) if len(target) else 0.0,
        precision=both / people if people else 0.0,
        recall=both / meant if meant else 0.0,
        f1=2 * both / (people + meant) if people + meant else 0.0,
        people=people,
    )


def _sample(target: Mask, seed: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Return the rows to grow on: all, or a sample of them."""
    everybody = np.arange(len(target))
    if len(target) <= GROWN_ON_MAX:
        return everybody
    chosen = np.random.default_rng(seed).choice(everybody, GROWN_ON_MAX, replace=False)
    return np.sort(chosen)


def _weights(inside: Mask) -> Iterator[Floats]:
    """Yield the weights with which a tree is grown: all alike, and members as heavy together as the others."""
    count, members = len(inside), int(inside.sum())
    yield np.ones(count)
    if 0 < members < count:
        yield np.where(inside, count / (2.0 * members), count / (2.0 * (count - members)))


def _unions(tree: Tree, depth: int, inside: Mask) -> Iterator[tuple[tuple[Bound, ...], ...]]:
    """Yield the rules of one, two, … of the purest leaves of the tree cut at ``depth``."""
    leaves = sorted(_leaves(tree, depth), key=lambda one: -float(inside[one.rows].mean()) if one.rows.any() else 0.0)
    for count in range(1, len(leaves)):
        chosen = {id(leaf) for leaf in leaves[:count]}
        yield tuple(joined(path) for path in _paths(tree, depth, chosen, ()))


def _leaves(tree: Tree, depth: int) -> Iterator[Tree]:
    if tree.children is None or tree.depth == depth:
        yield tree
    else:
        for child in tree.children:
            yield from _leaves(child, depth)


def _paths(tree: Tree, depth: int, chosen: set[int], path: tuple[Bound, ...]) -> Iterator[tuple[Bound, ...]]:
    """Yield the ways to the chosen leaves; where all leaves below a node are chosen, the way to the node."""
    leaves = list(_leaves(tree, depth))
    if all(id(leaf) in chosen for leaf in leaves):
        yield path
    elif tree.children is not None and tree.bounds is not None and tree.depth < depth:
        for child, bound in zip(tree.children, tree.bounds, strict=True):
            yield from _paths(child, depth, chosen, (*path, bound))
