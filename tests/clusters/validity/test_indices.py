"""Indices of validity: the numbers of scikit-learn."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_samples

from coterie.clusters.validity.compactness import compactness
from coterie.clusters.validity.silhouette import silhouettes
from coterie.model import Undetermined


def test_they_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    matrix = rng.normal(3, 1, (1_300, 4))
    labelings = [rng.integers(0, k, 1_300) for k in (2, 5)] + [(matrix[:, 0] > 3).astype(np.int64)]
    labelings[1][labelings[1] == 4] = 3
    labelings[1][0] = 4  # somebody alone
    for labels, values in zip(labelings, silhouettes(matrix, labelings), strict=True):
        np.testing.assert_allclose(values, silhouette_samples(matrix, labels), atol=1e-5)
        tight = compactness(matrix, labels, int(labels.max()) + 1)
        np.testing.assert_allclose(tight.davies_bouldin, davies_bouldin_score(matrix, labels), rtol=1e-9)
        np.testing.assert_allclose(tight.calinski_harabasz, calinski_harabasz_score(matrix, labels), rtol=1e-9)


def test_who_is_in_no_cluster_is_left_out() -> None:
    rng = np.random.default_rng(1)
    matrix, labels = rng.normal(size=(200, 2)), rng.integers(-1, 3, 200)
    kept = labels >= 0
    values = silhouettes(matrix, [labels])[0]
    assert np.isnan(values[~kept]).all()
    np.testing.assert_allclose(values[kept], silhouette_samples(matrix[kept], labels[kept]), atol=1e-5)
    tight = compactness(matrix, labels, 3)
    np.testing.assert_allclose(tight.davies_bouldin, davies_bouldin_score(matrix[kept], labels[kept]), rtol=1e-9)


def test_one_cluster_has_no_index() -> None:
    tight = compactness(np.random.default_rng(2).normal(size=(50, 2)), np.zeros(50, np.int64), 1)
    assert isinstance(tight.davies_bouldin, Undetermined)
    assert isinstance(tight.calinski_harabasz, Undetermined)
