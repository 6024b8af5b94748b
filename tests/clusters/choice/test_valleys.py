"""Valleys: the dip is the one of its definition and rare for one peak; groups are found, pieces are not taken for groups."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog

from coterie.clusters.choice import separation
from coterie.clusters.choice.dip import chance_of, dip_of
from coterie.clusters.choice.quick import QUICK
from coterie.clusters.choice.separation import evened, number_of_groups, separations
from coterie.lab.planted import PIECES, one_piece, planted


def nearest_with_one_peak(values: Any) -> float:
    """Return the dip by linear programmes: the distance to the nearest distribution with a peak at each of the values."""
    n, best = len(values), 1.0
    slope = 1 / np.diff(values)
    for peak in range(n):
        rows, bounds = [], []
        for place in range(n):
            for sign, bound in ((1.0, place / n), (-1.0, -(place + 1) / n)):
                row = np.zeros(n + 1)
                row[place], row[n] = sign, -1
                rows.append(row)
                bounds.append(bound)
        for place in range(n - 2):
            row = np.zeros(n + 1)
            row[place : place + 3] = -slope[place], slope[place] + slope[place + 1], -slope[place + 1]
            if place + 1 != peak:
                rows.append(row if place + 1 < peak else -row)
                bounds.append(0.0)
        found = linprog(np.eye(n + 1)[n], A_ub=np.array(rows), b_ub=bounds, bounds=[(None, None)] * n + [(0, None)])
        best = min(best, found.fun if found.status == 0 else 1.0)
    return best


def test_the_dip_is_the_distance_to_the_nearest_single_peak() -> None:
    rng = np.random.default_rng(0)
    for values in (rng.random(11), np.r_[rng.normal(0, 1, 6), rng.normal(5, 1, 5)], rng.exponential(size=11)):
        expected = nearest_with_one_peak(np.sort(values)) * np.sqrt(11)
        assert abs(dip_of(values) - expected) < 1e-6


def test_one_peak_dips_as_rarely_as_it_is_told() -> None:
    rng = np.random.default_rng(1)
    for n in (100, 1_000):
        dips = [dip_of(rng.random(n)) for _ in range(600)]
        told = np.array([chance_of(dip) for dip in dips])
        for level in (0.1, 0.05, 0.02):
            assert (told <= level).mean() <= level + 3 * np.sqrt(level / 600)
    assert max(dip_of(rng.normal(size=1_000)) for _ in range(100)) < 0.5
    assert chance_of(dip_of(np.r_[rng.normal(0, 1, 300), rng.normal(5, 1, 200)])) < 1e-6


def groups_of(matrix: Any, ks: range = range(2, 13)) -> tuple[int, float]:
    found = separations(matrix, ks, QUICK["kmeans"], 0, lambda share: None)
    found += separations(evened(matrix, ks[-1], QUICK["kmeans"], 0), ks, QUICK["kmeans"], 0, lambda share: None)
    return number_of_groups(found), min(one.clearest for one in found) * len(found)


@pytest.mark.parametrize("number", range(8))
def test_planted_groups_are_counted(number: int) -> None:
    shop = planted(number)
    groups, chance = groups_of(shop.matrix)
    assert (groups, chance < 1e-6) == (shop.k, True), shop.shape


@pytest.mark.parametrize("shape", PIECES)
def test_one_piece_has_no_valley(shape: str) -> None:
    assert groups_of(one_piece(3, shape=shape).matrix)[1] > 0.001


@pytest.mark.parametrize("width", [1, 2, 12])
def test_cubes_of_any_width_have_no_valley(width: int) -> None:
    assert groups_of(np.random.default_rng(width).random((1_500, width)), range(2, 9))[1] > 0.001


@pytest.mark.parametrize(("share", "gap"), [(0.03, 9.0), (0.06, 6.0), (0.2, 6.0)])
def test_a_few_who_stand_apart_are_seen(share: float, gap: float) -> None:
    matrix = np.random.default_rng(0).normal(size=(5_000, 4))
    matrix[: int(5_000 * share), 0] += gap
    groups, chance = groups_of(matrix / matrix.std(axis=0), range(2, 6))
    assert (groups, chance < 1e-6) == (2, True)


def test_without_the_valley_every_cut_would_be_a_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(separation, "VALLEY", 0.2)
    assert groups_of(one_piece(0).matrix)[0] > 2
