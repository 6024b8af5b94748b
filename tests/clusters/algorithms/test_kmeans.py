"""k-means: the golden table of Online Retail to the digit, many rows through a sample, the same bits whatever computes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from coterie.clusters import compiled
from coterie.clusters.agreement import adjusted_rand
from coterie.clusters.algorithms import kmeans
from coterie.clusters.algorithms.lloyd import descend, spread
from coterie.clusters.assignment import assign
from coterie.clusters.validity.compactness import compactness
from coterie.clusters.validity.silhouette import silhouettes

GOLDEN = {
    2: (6485.69, 0.4342, 0.892, 4364.5), 3: (4877.26, 0.3379, 1.048, 3616.1), 4: (3962.40, 0.3363, 1.012, 3300.2),
    5: (3330.26, 0.3174, 0.993, 3149.9), 6: (2875.18, 0.3139, 1.022, 3055.2), 7: (2573.45, 0.3094, 0.978, 2928.6),
    8: (2359.87, 0.3017, 0.995, 2792.7),
}  # fmt: skip
"""k → inertia, silhouette, Davies–Bouldin, Calinski–Harabasz of z(log1p(recency, frequency, monetary)), ten starts, seed 0."""


@pytest.fixture(scope="module")
def rfm(data: Path) -> Any:
    query = f"""
        SELECT floor(epoch(TIMESTAMP '2011-12-10' - max(InvoiceDate)) / 86400) AS r, count(DISTINCT InvoiceNo) AS f,
               sum(Quantity * UnitPrice) AS m
        FROM read_csv('{data / "online_retail/online_retail.csv.gz"}')
        WHERE CustomerID IS NOT NULL AND InvoiceNo NOT LIKE 'C%' AND Quantity > 0 AND UnitPrice > 0
        GROUP BY CustomerID ORDER BY CustomerID"""
    columns = duckdb.connect().sql(query).fetchnumpy()
    logs = np.log1p(np.column_stack([np.asarray(columns[name], float) for name in "rfm"]))
    return (logs - logs.mean(axis=0)) / logs.std(axis=0)


@pytest.mark.data
def test_the_table_of_online_retail(rfm: Any) -> None:
    found = {k: kmeans.fit(rfm, k) for k in GOLDEN}
    shapes = dict(zip(GOLDEN, silhouettes(rfm, [one.labels for one in found.values()]), strict=True))
    for k, (inertia, silhouette, davies_bouldin, calinski_harabasz) in GOLDEN.items():
        tight = compactness(rfm, found[k].labels, k)
        assert abs(found[k].inertia / inertia - 1) < 1e-4
        assert round(float(shapes[k].mean()), 4) == silhouette
        assert abs(float(tight.davies_bouldin) - davies_bouldin) < 6e-4  # type: ignore[arg-type]
        assert round(float(tight.calinski_harabasz), 1) == calinski_harabasz  # type: ignore[arg-type]
    assert found[4].sizes.tolist() == [1626, 1187, 812, 713]
    assert found[2].sizes.tolist() == [2685, 1653]


def groups(n: int, k: int = 5, width: int = 4, seed: int = 0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, k, n)
    return rng.normal(0, 6, (k, width))[truth] + rng.normal(0, 1, (n, width)), truth


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_many_rows_are_clustered_through_a_sample_with_the_same_bits(
    kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    matrix, truth = groups(80_000)
    matrix = matrix.astype(kind)
    found = kmeans.fit(matrix, 5)
    assert adjusted_rand(found.labels, truth) > 0.99
    assert (assign(matrix, found.rule)[0] == found.labels).all()
    assert found.sizes.tolist() == sorted(found.sizes.tolist(), reverse=True)
    monkeypatch.setattr(compiled, "threads", lambda: 1)
    assert kmeans.fit(matrix, 5).centres.tobytes() == found.centres.tobytes()


def test_steps_of_lloyd_are_those_of_the_definition() -> None:
    matrix, _ = groups(500, k=4)
    centres = spread(matrix, 6, np.random.default_rng(1))
    found = descend(matrix, centres, iterations=200, tolerance=0.0)
    for _ in range(200):
        labels = ((matrix[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
        centres = np.array([matrix[labels == one].mean(axis=0) for one in range(6)])
    assert found.converged
    np.testing.assert_allclose(found.centres, centres, rtol=1e-12)
    assert (found.labels == labels).all()


def test_a_cluster_that_loses_everybody_begins_anew_far_away() -> None:
    matrix, _ = groups(300, k=3)
    far = np.vstack([matrix[:2], np.full((1, 4), 1e6)])
    found = descend(matrix, far, iterations=100, tolerance=0.0)
    assert np.bincount(found.labels, minlength=3).min() > 0


def test_starts_are_people_and_far_apart() -> None:
    matrix, truth = groups(2_000, k=5)
    starts = spread(matrix, 5, np.random.default_rng(2))
    places = [int(np.flatnonzero((matrix == one).all(axis=1))[0]) for one in starts]
    assert len(set(truth[places].tolist())) >= 4
