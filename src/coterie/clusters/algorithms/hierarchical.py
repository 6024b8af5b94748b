"""Hierarchical clustering: a tree of who is closest to whom, cut where k branches remain."""

from __future__ import annotations

import numpy as np
from msgspec import structs

from coterie.clusters.agreement import adjusted_rand
from coterie.clusters.algorithms.kmeans import around
from coterie.clusters.algorithms.lloyd import descend, spread
from coterie.clusters.algorithms.numbering import means
from coterie.clusters.algorithms.ward import cut, merge_weighted
from coterie.clusters.labels import Clustering, Dendrogram, Floats, Ints
from coterie.clusters.sampling import sample
from coterie.errors import not_installed

ROWS_MAX = 10_000
"""People who are leaves themselves; of more, groups made by k-means are."""
LEAVES = 1_000
SAMPLE = 100_000
"""Rows from which the groups are made."""


def fit(matrix: Floats, k: int, seed: int = 0) -> Clustering:
    """Return Ward's tree cut into ``k``, with the tree; everybody is then put to the nearest centre of a branch.

    Up to 10,000 rows are leaves themselves (fastcluster, memory n · d). More rows are first gathered into 1,000 groups by k-means, whose
    sizes weigh in the merges. ``settings["kept"]`` is the adjusted Rand index between the branches and the nearest centres: 1 when the
    rule says exactly what the tree says. Raises: Problem without fastcluster.
    Source: Ward (1963), Hierarchical grouping to optimize an objective function; Müllner (2013), fastcluster, J. Stat. Softw. 53(9).
    """
    tree, leaf_of = grow(matrix, seed)
    branches = cut(tree.merges, k)[leaf_of]
    centres = means(matrix, branches, int(branches.max()) + 1)
    found = around(matrix, centres, algorithm="hierarchical", seed=seed)
    kept = adjusted_rand(branches, found.labels)
    return structs.replace(found, dendrogram=tree, settings={"leaves": len(tree.leaf_sizes), "kept": round(kept, 6)})


def grow(matrix: Floats, seed: int = 0) -> tuple[Dendrogram, Ints]:
    """Return the tree, and the leaf of each row (n,). Cost: n² · d up to 10,000 rows; beyond, k-means to 1,000 groups."""
    try:
        import fastcluster
    except ModuleNotFoundError as error:
        raise not_installed("hierarchical clustering", "learning") from error
    n = len(matrix)
    if n <= ROWS_MAX:
        merges = fastcluster.linkage_vector(matrix.astype(np.float64), method="ward")
        return Dendrogram(merges=merges, leaf_sizes=np.ones(n, np.int64)), np.arange(n, dtype=np.int64)
    some = sample(matrix, SAMPLE, (seed, 2))
    found = descend(some, spread(some, LEAVES, np.random.default_rng((seed, 3))), iterations=10, tolerance=1e-3)
    groups = around(matrix, found.centres, algorithm="kmeans", seed=seed)
    centres = means(matrix, groups.labels, groups.k)
    return Dendrogram(
        merges=merge_weighted(centres, groups.sizes.astype(np.float64)), leaf_sizes=groups.sizes
    ), groups.labels
