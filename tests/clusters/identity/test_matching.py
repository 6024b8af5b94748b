"""Clusters keep their keys over refits; splits, merges, births and deaths are reported as such."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from coterie.clusters.agreement import adjusted_rand
from coterie.clusters.algorithms import fit
from coterie.clusters.assignment import assign
from coterie.clusters.identity import Side, match_clusters, side_of
from coterie.clusters.labels import Clustering, Floats
from coterie.errors import Problem

MONTHS = [datetime(2011, month, 1) for month in range(6, 13)]
WINDOW = timedelta(days=182)


def blobs(centres: list[tuple[float, float]], sizes: list[int], seed: int = 0) -> tuple[Floats, np.ndarray]:
    rng = np.random.default_rng(seed)
    points = [rng.normal(centre, 0.5, (size, 2)) for centre, size in zip(centres, sizes, strict=True)]
    return np.vstack(points), np.repeat(np.arange(len(sizes)), sizes)


FOUR = [(0.0, 0.0), (6.0, 0.0), (0.0, 6.0), (6.0, 6.0)]
KEYS = ("a", "b", "c", "d")


def refit(matrix: Floats, labels: np.ndarray, k: int, keys: tuple[str, ...] = KEYS) -> tuple[Side, Side, Clustering]:
    found = fit(matrix, "kmeans", k, 1)
    return side_of(keys, labels, matrix), side_of([str(n) for n in range(k)], found.labels, matrix), found


def test_the_same_people_in_another_order_keep_their_keys() -> None:
    matrix, labels = blobs(FOUR, [100, 200, 50, 400])
    old, new, found = refit(matrix, labels, 4)
    matching = match_clusters(old, new)
    assert [matching.assigned[label] for label in found.labels] == [KEYS[label] for label in labels]
    assert (matching.splits, matching.merges, matching.births, matching.deaths) == ((), (), (), ())
    assert matching.agreement == 1.0
    assert matching.keys([f"new-{n}" for n in range(4)]) == matching.assigned


def test_a_planted_split_is_reported_and_the_greater_part_keeps_the_key() -> None:
    matrix, parts = blobs([(0.0, 0.0), (6.0, 0.0), (0.0, 8.0), (3.0, 8.0)], [100, 200, 150, 90])
    old, new, found = refit(matrix, np.minimum(parts, 2), 4, ("a", "b", "c"))
    matching = match_clusters(old, new)
    (split,) = matching.splits
    greater, smaller = found.labels[parts == 2][0], found.labels[parts == 3][0]
    assert (split.key, split.into) == ("c", (greater, smaller))
    assert split.shares == pytest.approx((150 / 240, 90 / 240))
    assert matching.assigned[greater] == "c"
    assert matching.births == (smaller,)
    assert (matching.merges, matching.deaths) == ((), ())


def test_a_planted_merge_is_reported_and_the_greater_part_gives_the_key() -> None:
    matrix, labels = blobs([(0.0, 0.0), (6.0, 0.0), (0.0, 8.0), (0.9, 8.0)], [100, 200, 150, 90])
    old, new, found = refit(matrix, labels, 3)
    matching = match_clusters(old, new)
    (merge,) = matching.merges
    assert merge.keys == ("c", "d")
    assert merge.into == found.labels[labels == 2][0]
    assert merge.shares == pytest.approx((150 / 240, 90 / 240))
    assert matching.assigned[merge.into] == "c"
    assert (matching.splits, matching.births, matching.deaths) == ((), (), ("d",))


def test_a_cluster_of_new_people_is_born_and_one_without_people_dies() -> None:
    matrix, labels = blobs(FOUR, [100, 100, 100, 100])
    then = np.where(labels == 3, -1, labels)
    old = side_of(("a", "b", "c", "gone"), then, matrix)
    matching = match_clusters(old, side_of(("0", "1", "2", "3"), labels, matrix))
    assert matching.assigned == ("a", "b", "c", None)
    assert (matching.births, matching.deaths, matching.splits, matching.merges) == ((3,), ("gone",), (), ())


def test_without_common_people_centres_decide_and_only_near_ones() -> None:
    centres = np.array(FOUR)
    nobody = np.empty(0, np.int64)
    near = Side(keys=KEYS, labels=nobody, centres=centres + 0.2)
    matching = match_clusters(near, Side(keys=("0", "1", "2", "3"), labels=nobody, centres=centres[::-1]))
    assert matching.assigned == ("d", "c", "b", "a")
    far = Side(keys=("0", "1"), labels=nobody, centres=np.array([[0.0, 0.0], [500.0, 500.0]]))
    assert match_clusters(near, far).assigned.count(None) == 1


def test_sides_of_other_people_or_spaces_are_refused() -> None:
    matrix, labels = blobs(FOUR, [10, 10, 10, 10])
    side = side_of(KEYS, labels, matrix)
    with pytest.raises(Problem, match="same people"):
        match_clusters(side, side_of(KEYS, labels[:-1], matrix[:-1]))
    with pytest.raises(Problem, match="different spaces"):
        match_clusters(side, side_of(KEYS, labels, matrix[:, :1]))
    with pytest.raises(Problem, match="without a key"):
        side_of(KEYS[:3], labels, matrix)


@pytest.fixture(scope="module")
def orders(data: Path) -> dict[str, list[tuple[datetime, str, float]]]:
    found: dict[str, list[tuple[datetime, str, float]]] = defaultdict(list)
    with gzip.open(data / "online_retail" / "online_retail.csv.gz", "rt") as lines:
        for row in csv.DictReader(lines):
            paid = float(row["UnitPrice"]) * int(row["Quantity"])
            if row["CustomerID"] and row["InvoiceNo"][0] != "C" and paid > 0:
                found[row["CustomerID"]].append((datetime.fromisoformat(row["InvoiceDate"]), row["InvoiceNo"], paid))
    return found


def rfm(orders: dict[str, list[tuple[datetime, str, float]]], at: datetime) -> Floats:
    rows = []
    for one in orders.values():
        seen = [order for order in one if at - WINDOW <= order[0] < at]
        if seen:
            days = (at - max(order[0] for order in seen)).days
            rows.append((days, len({order[1] for order in seen}), sum(order[2] for order in seen)))
    return np.log1p(np.array(rows, np.float64))


@pytest.mark.data
def test_refitting_a_real_shop_every_month_keeps_every_key(
    orders: dict[str, list[tuple[datetime, str, float]]],
) -> None:
    keys: tuple[str | None, ...] = KEYS
    raw = [rfm(orders, at) for at in MONTHS]
    fits = []
    for table in raw:
        mean, spread = table.mean(axis=0), table.std(axis=0)
        fits.append((mean, spread, fit((table - mean) / spread, "kmeans", 4, 0)))
    agreed = []
    for (before, after), (old, new) in zip(pairwise(raw), pairwise(fits), strict=True):
        assert len(before) < len(after) + 600
        frozen, _ = assign((after - old[0]) / old[1], old[2].rule)
        matrix = (after - new[0]) / new[1]
        matching = match_clusters(
            side_of([str(key) for key in keys], frozen, matrix), side_of(KEYS, new[2].labels, matrix)
        )
        assert None not in matching.assigned
        assert (matching.splits, matching.merges, matching.births, matching.deaths) == ((), (), (), ())
        assert matching.agreement > 0.85
        agreed.append(adjusted_rand(frozen, new[2].labels))
        keys = matching.assigned
    assert sorted(str(key) for key in keys) == list(KEYS)
    assert min(agreed) > 0.7
