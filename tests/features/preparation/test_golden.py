"""Recency, frequency and money of a real shop, prepared by the recipe, give the published clusters to the printed digit."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pytest

from coterie.features.preparation import Recipe, fit
from coterie.features.table import Column, FeatureTable

pytestmark = pytest.mark.data

RFM = """
SELECT "CustomerID" AS customer, floor(min(epoch(TIMESTAMP '2011-12-10') - epoch("InvoiceDate")) / 86400) AS recency,
       count(DISTINCT "InvoiceNo") AS frequency, sum("Quantity" * "UnitPrice") AS monetary
FROM read_csv('{file}', types = {{'InvoiceNo': 'VARCHAR', 'CustomerID': 'VARCHAR'}})
WHERE "CustomerID" IS NOT NULL AND "InvoiceNo" NOT LIKE 'C%' AND "Quantity" > 0 AND "UnitPrice" > 0
GROUP BY 1 ORDER BY 1
"""
INERTIA = 3962.40
"""Of four clusters."""


@pytest.fixture(scope="module")
def rfm(data: Path) -> FeatureTable:
    found = duckdb.sql(RFM.format(file=data / "online_retail" / "online_retail.csv.gz")).fetchnumpy()
    columns = tuple(
        Column(name=name, values=found[name].astype(np.float64)) for name in ("recency", "frequency", "monetary")
    )
    return FeatureTable(profiles=np.array(found["customer"].tolist(), object), columns=columns, at=0)


def test_the_published_inertia_of_k_means(rfm: FeatureTable) -> None:
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    matrix = fit(rfm, Recipe(transform="log1p")).apply(rfm)
    assert matrix.shape == (4_338, 3)
    assert np.array_equal(matrix, fit(rfm, Recipe()).apply(rfm))  # what the default recipe does of itself
    with threadpool_limits(1):  # threads wait for each other where other tests run beside
        found = KMeans(4, n_init=10, random_state=0).fit(matrix)
    assert found.inertia_ == pytest.approx(INERTIA, abs=0.005)
