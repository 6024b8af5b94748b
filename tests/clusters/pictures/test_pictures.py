"""What is drawn: maps keep groups apart, silhouettes are the published ones, the tree is cut where it says."""

from __future__ import annotations

import numpy as np
import pytest

from coterie.clusters.algorithms import fit
from coterie.clusters.labels import Floats
from coterie.clusters.pictures import Method, branches_of, map_of, silhouettes_of


def blobs(per: int = 60) -> tuple[Floats, np.ndarray]:
    rng = np.random.default_rng(0)
    centres = rng.normal(0, 6, (3, 5))
    return np.vstack([rng.normal(centre, 1.0, (per, 5)) for centre in centres]), np.repeat(np.arange(3), per)


@pytest.mark.parametrize("method", ["pca", "tsne", pytest.param("umap", marks=pytest.mark.slow)])
def test_a_map_keeps_groups_apart_and_is_the_same_again(method: Method) -> None:
    if method != "pca":
        pytest.importorskip("openTSNE" if method == "tsne" else "umap")
    matrix, labels = blobs()
    found = map_of(matrix, method, seed=3, points_max=120)
    assert len(found.rows) == 120
    assert found.points.tolist() == map_of(matrix, method, seed=3, points_max=120).points.tolist()
    groups = labels[found.rows]
    centres = np.array([found.points[groups == label].mean(axis=0) for label in range(3)])
    nearest = ((found.points[:, None, :] - centres) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == groups).mean() > 0.98
    assert (found.kept is not None) == (method == "pca")


def test_silhouettes_are_those_of_scikit_learn() -> None:
    sklearn = pytest.importorskip("sklearn.metrics")
    matrix, labels = blobs()
    labels = np.where(np.arange(len(labels)) % 30 == 0, -1, labels)
    found = silhouettes_of(matrix, labels)
    rows = labels >= 0
    expected = sklearn.silhouette_samples(matrix[rows], labels[rows])
    order = np.lexsort((-expected, labels[rows]))
    assert found.values == pytest.approx(expected[order], abs=1e-9)
    assert found.mean == pytest.approx(expected.mean())
    assert silhouettes_of(matrix, np.zeros(len(matrix), np.int64)).mean == 0.0


def test_the_tree_holds_everybody_and_its_cut_leaves_k() -> None:
    matrix, _ = blobs()
    clustering = fit(matrix, "hierarchical", 3, 0)
    assert clustering.dendrogram is not None
    found = branches_of(clustering.dendrogram, 3, leaves=12)
    assert len(found.leaves) == 12
    assert len(found.branches) == 11
    assert sum(leaf.people for leaf in found.leaves) == len(matrix) == max(one.people for one in found.branches)
    assert found.cut is not None
    assert sum(one.height > found.cut for one in found.branches) == 2
    assert [leaf.place for leaf in found.leaves] == list(range(12))
