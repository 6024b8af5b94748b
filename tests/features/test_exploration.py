"""The exploratory report: gaps, tails and pairs as planted; Hopkins' statistic between a random spread and groups."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from coterie.engine.learning.exploration_page import exploration_page
from coterie.errors import NotFound
from coterie.features.exploration import explore, hopkins
from coterie.features.table import Column, FeatureTable
from coterie.model import Undetermined
from tests.features.preparation.tables import shop, table_of


def test_what_was_planted_is_told() -> None:
    found = explore(shop(500))
    numbers = {one.name: one for one in found.numbers}
    assert numbers["age"].missing == pytest.approx(0.3, abs=0.06)
    assert isinstance(numbers["spent"].skew, float)
    assert numbers["spent"].skew > 1
    assert "long tail" in numbers["spent"].advice[0]
    assert numbers["same"].advice == ("everybody has the same value: it is left out",)
    assert numbers["same"].skew == Undetermined("everybody has the same")
    assert sum(one.people for one in numbers["orders"].bins) == 500
    assert found.pairs[0].correlation == pytest.approx(1)
    assert {found.pairs[0].one, found.pairs[0].other} == {"orders", "doubled"}
    country, device = found.categories
    assert (country.levels[0].level, country.distinct) == ("NO", 5)
    assert device.missing == pytest.approx(0.1, abs=0.04)
    assert any("prune" in one for one in found.remarks)
    assert found == explore(shop(500))
    assert msgspec.json.encode(found)


def test_rank_correlations_are_those_of_scipy() -> None:
    from scipy.stats import spearmanr

    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 9, 200), rng.integers(0, 5, 200)
    found = explore(table_of(one=one.tolist(), other=(one + other).tolist())).pairs[0]
    assert found.correlation == pytest.approx(float(spearmanr(one, one + other).statistic), abs=1e-12)


def test_hopkins_tells_groups_from_a_random_spread() -> None:
    rng = np.random.default_rng(3)
    even = hopkins(rng.random((2_000, 3)), seed=1)
    assert even.value == pytest.approx(0.5, abs=0.05)
    assert "no sign of groups" in even.says
    centres = rng.random((4, 3)) * 20
    groups = hopkins(np.concatenate([centre + rng.normal(0, 0.3, (500, 3)) for centre in centres]), seed=1)
    assert isinstance(groups.value, float)
    assert groups.value > 0.95
    assert "groups are likely" in groups.says
    cloud = hopkins(rng.normal(size=(2_000, 3)), seed=1)
    assert isinstance(cloud.value, float)
    assert cloud.value > 0.9  # and yet it is one group: the value alone would mislead
    assert "whether there are groups is for the choice of k to say" in cloud.says
    assert cloud.cloud == pytest.approx(cloud.value, abs=0.03)
    assert hopkins(rng.random((50, 3))).value == Undetermined("50 people differ, and it takes 100")


def test_nothing_is_a_report_too() -> None:
    nobody = explore(table_of(x=[], c=[]).only([]))
    assert nobody.people == 0
    assert nobody.numbers[0].advice == ("nobody has it",)
    assert isinstance(nobody.hopkins.value, Undetermined)


def test_the_page_needs_nothing_else_and_escapes_what_others_sent() -> None:
    table = table_of(x=[1.0, 2.0, 3.0, None] * 40, c=["<script>alert(1)</script>", "b", "b", None] * 40)
    page = exploration_page(explore(table))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "http" not in page.replace("http-equiv", "")
    assert page.count("<rect") == 3


def test_of_nobody_nothing_is_said() -> None:
    columns = (
        Column(name="age", values=np.empty(0)),
        Column(name="device", kind="category", values=np.empty(0, object)),
    )
    found = explore(FeatureTable(profiles=np.empty(0, object), columns=columns, at=0))
    (age,), (device,) = found.numbers, found.categories
    for value in (age.missing, age.zeros, age.outliers, device.missing):
        assert isinstance(value, Undetermined)


def test_outliers_cannot_be_told_where_the_middle_half_has_one_value() -> None:
    values = np.array([0.0] * 90 + list(range(1, 11)))
    column = Column(name="refunds", values=values)
    profiles = np.array([f"p{number:03}" for number in range(100)], object)
    (refunds,) = explore(FeatureTable(profiles=profiles, columns=(column,), at=0)).numbers
    assert isinstance(refunds.outliers, Undetermined)
    assert refunds.zeros == 0.9


def test_an_unknown_name_is_answered_with_those_that_there_are() -> None:
    table = FeatureTable(profiles=np.empty(0, object), columns=(Column(name="age", values=np.empty(0)),), at=0)
    with pytest.raises(NotFound) as refused:
        table.column("revenue")
    assert "there are: age" in str(refused.value)
