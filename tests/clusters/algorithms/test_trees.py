"""Trees: the merges of SciPy, groups that weigh what they hold, cuts, and what is left of a tree in a rule."""

from __future__ import annotations

import numpy as np
from scipy.cluster.hierarchy import fcluster, is_valid_linkage, linkage

from coterie.clusters.agreement import adjusted_rand
from coterie.clusters.algorithms import hierarchical
from coterie.clusters.algorithms.ward import cut, merge_weighted


def test_merges_and_cuts_are_those_of_scipy() -> None:
    matrix = np.random.default_rng(0).normal(size=(120, 3))
    expected = linkage(matrix, "ward")
    merges = merge_weighted(matrix, np.ones(120))
    np.testing.assert_allclose(merges[:, 2:], expected[:, 2:], rtol=1e-9)
    assert is_valid_linkage(merges)
    for k in (1, 2, 5, 17, 120):
        assert adjusted_rand(cut(merges, k), fcluster(expected, k, "maxclust").astype(np.int64)) == 1.0
        assert len(set(cut(merges, k).tolist())) == k
    tree, leaf_of = hierarchical.grow(matrix)
    np.testing.assert_allclose(tree.merges[:, 2], expected[:, 2], rtol=1e-9)
    assert leaf_of.tolist() == list(range(120))


def test_a_weight_counts_as_so_many_people() -> None:
    rng = np.random.default_rng(1)
    matrix, weights = rng.normal(size=(40, 2)), rng.integers(1, 6, 40)
    repeated = linkage(np.repeat(matrix, weights, axis=0), "ward")
    merges = merge_weighted(matrix, weights.astype(float))
    np.testing.assert_allclose(merges[:, 2], repeated[-39:, 2], rtol=1e-9)
    assert merges[-1, 3] == weights.sum()


def test_many_people_are_gathered_before_the_tree_grows() -> None:
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 4, 12_000)
    matrix = 8 * np.eye(4, 3)[truth] + rng.normal(size=(12_000, 3))
    found = hierarchical.fit(matrix, 4)
    assert adjusted_rand(found.labels, truth) > 0.98
    assert found.dendrogram is not None
    assert found.dendrogram.leaf_sizes.sum() == 12_000
    assert len(found.dendrogram.merges) == len(found.dendrogram.leaf_sizes) - 1
    assert float(found.settings["kept"]) > 0.99
