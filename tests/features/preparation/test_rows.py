"""The law of preparation: a row gives the same bits alone, in a thousand, shuffled, from a table, from measures, from a file."""

from __future__ import annotations

import json

import numpy as np
import pytest

from coterie.features.preparation import Preparation, Recipe, Treatment, fit
from coterie.features.table import FeatureTable, Floats
from tests.features.preparation.tables import shop

RECIPES = {
    "default": Recipe(),
    "rfm": Recipe(transform="log1p", columns={"balance": Treatment(transform="none")}),
    "powers": Recipe(transform="yeo_johnson", scale="robust", mark_missing=True),
    "ranks": Recipe(transform="quantile", scale="none", categories="frequency"),
    "normal": Recipe(transform="quantile_normal", outliers="winsorise", tails=0.05, categories="svd"),
    "few": Recipe(prune=0.8, components=0.9, outliers="drop", fences=3.0, missing="leave_out"),
    "bounds": Recipe(scale="minmax", missing=-1, columns={"age": Treatment(weight=2.5, missing="mean")}, rare=0.1),
}


@pytest.mark.parametrize("name", RECIPES)
def test_a_row_gives_the_same_bits_however_many_are_beside_it(name: str) -> None:
    table = shop()
    preparation = fit(table, RECIPES[name], seed=1)
    whole = preparation.apply(table)
    assert whole.shape == (len(table), len(preparation.names))
    for size in (1, 2, 3, 5, 7, 8, 13, 16, 64):
        parts = [preparation.apply(table.only(range(at, min(at + size, 200)))) for at in range(0, 200, size)]
        assert np.concatenate(parts).tobytes() == whole[:200].tobytes(), size
    order = np.random.default_rng(3).permutation(len(table))
    assert preparation.apply(table.only(order)).tobytes() == whole[order].tobytes()
    assert preparation.prepare(np.asfortranarray(preparation.read(table))).tobytes() == whole.tobytes()


@pytest.mark.parametrize("name", RECIPES)
def test_what_is_kept_is_plain_and_loses_nothing(name: str) -> None:
    table = shop()
    preparation = fit(table, RECIPES[name], seed=1)
    again = Preparation.of(json.loads(json.dumps(preparation.parameters(), allow_nan=False)))
    assert again == preparation
    assert again.apply(table).tobytes() == preparation.apply(table).tobytes()
    assert fit(table, RECIPES[name], seed=1).parameters() == preparation.parameters()


@pytest.mark.parametrize("name", RECIPES)
def test_what_it_needs_is_enough(name: str) -> None:
    table = shop(300, seed=5)
    preparation = fit(table, RECIPES[name])
    assert preparation.prepare(_measured(table, preparation)).tobytes() == preparation.apply(table).tobytes()
    alone = FeatureTable(profiles=table.profiles, columns=tuple(map(table.column, preparation.columns)), at=0)
    assert preparation.apply(alone).tobytes() == preparation.apply(table).tobytes()


def _measured(table: FeatureTable, preparation: Preparation) -> Floats:
    """Return what a live reader would say: one number per need, found person by person."""
    rows = []
    for person in range(len(table)):
        row = []
        for need in preparation.needs():
            value = table.column(need.column).values[person]
            row.append(float(value) if need.level is None else float((value or "") == need.level))
        rows.append(row)
    return np.array(rows, np.float64)


@pytest.mark.parametrize("name", RECIPES)
def test_blocks_change_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from coterie.features.preparation import preparation as module

    table = shop()
    preparation = fit(table, RECIPES[name])
    whole = preparation.apply(table)
    monkeypatch.setattr(module, "BLOCK", 7)
    assert preparation.apply(table).tobytes() == whole.tobytes()
