"""Agreement of two clusterings of the same people."""

from __future__ import annotations

import numpy as np

from coterie.clusters.labels import Ints


def adjusted_rand(one: Ints, other: Ints) -> float:
    """Return the adjusted Rand index: 1 for the same partition, 0 as by chance, also below. −1 (noise) counts as a cluster.

    Source: Hubert and Arabie (1985), Comparing partitions, eq. (5). Cost: n plus the number of pairs of clusters.
    """
    n = len(one)
    first, second = np.asarray(one) + 1, np.asarray(other) + 1
    width = int(second.max(initial=0)) + 1
    table = np.bincount(first * width + second, minlength=(int(first.max(initial=0)) + 1) * width).astype(np.float64)
    table = table.reshape(-1, width)
    together = float((table * (table - 1)).sum() / 2)
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    of_one, of_other = float((rows * (rows - 1)).sum() / 2), float((columns * (columns - 1)).sum() / 2)
    expected = of_one * of_other / (n * (n - 1) / 2) if n > 1 else 0.0
    most = (of_one + of_other) / 2
    return 1.0 if most == expected else (together - expected) / (most - expected)
