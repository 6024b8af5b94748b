"""What is learned: the same numbers as scikit-learn's, levels, bounds, reasons for what was left out, clear refusals."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from coterie.errors import InvalidDefinition, NotFound, Problem
from coterie.features.preparation import LeftOut, Preparation, Recipe, Treatment, fit
from coterie.features.table import Floats
from coterie.segments.parse.folder import form_of
from tests.features.preparation.tables import shop, table_of


def _near(found: Floats, expected: Floats, tolerance: float = 1e-12) -> None:
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


def _skewed(people: int = 1000, columns: int = 3) -> tuple[Any, Floats]:
    values = np.random.default_rng(2).lognormal(3, 1, (people, columns))
    return table_of(**{name: values[:, place].tolist() for place, name in enumerate("rfm"[:columns])}), values


def test_the_measures_are_those_of_scikit_learn() -> None:
    from sklearn.preprocessing import MinMaxScaler, PowerTransformer, QuantileTransformer, RobustScaler, StandardScaler

    table, values = _skewed()
    _near(fit(table, Recipe(transform="log1p")).apply(table), StandardScaler().fit_transform(np.log1p(values)))
    _near(fit(table, Recipe()).apply(table), StandardScaler().fit_transform(np.log1p(values)))
    _near(fit(table, Recipe(transform="none", scale="robust")).apply(table), RobustScaler().fit_transform(values))
    _near(fit(table, Recipe(transform="none", scale="minmax")).apply(table), MinMaxScaler().fit_transform(values))
    _near(fit(table, Recipe(transform="yeo_johnson")).apply(table), PowerTransformer().fit_transform(values), 1e-6)
    ranks = QuantileTransformer(n_quantiles=200, subsample=None).fit_transform(values)
    _near(fit(table, Recipe(transform="quantile", scale="none")).apply(table), ranks)


def test_yeo_and_johnson_below_zero() -> None:
    from sklearn.preprocessing import PowerTransformer

    values = -np.random.default_rng(4).lognormal(1, 0.7, 500) + 2
    table = table_of(x=values.tolist())
    _near(
        fit(table, Recipe(transform="yeo_johnson")).apply(table),
        PowerTransformer().fit_transform(values[:, None]),
        1e-6,
    )


def test_components_are_those_of_scikit_learn_up_to_their_sign() -> None:
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import StandardScaler

    table, values = _skewed()
    expected = PCA(2).fit(StandardScaler().fit_transform(np.log1p(values)))
    made = fit(table, Recipe(components=2))
    _near(np.abs(made.apply(table)), np.abs(expected.transform(StandardScaler().fit_transform(np.log1p(values)))), 1e-9)
    assert made.rotation is not None
    _near(np.array(made.rotation.shares), expected.explained_variance_ratio_, 1e-9)
    assert all(max(axis, key=abs) > 0 for axis in zip(*made.rotation.axes, strict=True))
    assert len(fit(table, Recipe(components=0.5)).names) == int(np.searchsorted(np.cumsum(PCA().fit(
        StandardScaler().fit_transform(np.log1p(values))).explained_variance_ratio_), 0.5)) + 1  # fmt: skip


def test_a_missing_number_is_what_the_recipe_says() -> None:
    table = table_of(x=[1.0, 2.0, 6.0, None], y=[None, 1.0, 2.0, 3.0])

    def filled(missing: Any) -> float | None:
        return fit(table, Recipe(missing=missing, transform="none")).numbers[0].fill

    assert [filled(one) for one in ("median", "mean", "zero", -5)] == [2.0, 3.0, 0.0, -5.0]
    left = fit(table, Recipe(missing="leave_out", transform="none"))
    assert left.inside(table).tolist() == [False, True, True, False]
    assert np.isnan(left.apply(table)).any(axis=1).tolist() == [True, False, False, True]
    marked = fit(table, Recipe(mark_missing=True))
    assert marked.names == ("x", "y", "x missing", "y missing")
    assert marked.apply(table)[:, 2:].tolist() == [[0, 1], [0, 0], [0, 0], [1, 0]]


def test_an_infinite_number_is_missing() -> None:
    table = table_of(x=[1.0, 2.0, 6.0, np.inf, -np.inf])
    made = fit(table, Recipe(transform="none"))
    assert made.numbers[0].fill == 2.0
    assert np.isfinite(made.apply(table)).all()


def test_outliers_become_the_bound_or_are_not_seen() -> None:
    values = [*range(100), 10_000]
    table = table_of(x=values, y=[one % 7 for one in values])
    bounded = fit(table, Recipe(outliers="winsorise", fences=1.5, transform="none", scale="none"))
    step = bounded.numbers[0]
    assert (step.low, step.high) == (25 - 75, 75 + 75)
    assert bounded.apply(table)[-1, 0] == 150
    assert bounded.inside(table).all()
    dropped = fit(table, Recipe(outliers="drop", fences=1.5, transform="none"))
    assert dropped.inside(table).tolist() == [True] * 100 + [False]
    assert dropped.people == 100
    assert dropped.numbers[0].centre == 49.5  # the hundred, not the one
    assert np.isfinite(dropped.apply(table)).all()  # and yet everybody belongs somewhere
    tails = fit(table, Recipe(outliers="winsorise", tails=0.02, transform="none")).numbers[0]
    assert (tails.low, tails.high) == (2.0, 98.0)


def test_one_column_may_be_treated_otherwise() -> None:
    table = shop()
    own = {
        "age": Treatment(missing="zero", transform="none", scale="minmax", weight=3.0),
        "spent": Treatment(tails=0.1),
    }
    made = fit(table, Recipe(columns=own), columns=["spent", "age", "orders"])
    spent, age, orders = made.numbers
    assert (age.fill, age.curve, age.weight, orders.weight) == (0.0, "none", 3.0, 1.0)
    assert spent.low is not None
    assert orders.low is None
    assert made.apply(table)[:, 1].max() == 3.0


def test_levels_that_are_rare_or_new_are_other_and_missing_is_its_own() -> None:
    table = shop()
    made = fit(table, Recipe(), columns=["country", "device"])
    assert made.names == ("country=NO", "country=SE", "country=DK", "country=FI", "country=other", "device=phone", "device=desktop", "device missing")  # fmt: skip
    assert made.remarks == ("country: 1 rare level of 0.2% of the people count as other",)
    other = table_of(country=["NO", "IS", "US", None], device=["phone", "watch", None, "x"])
    assert made.apply(other).tolist() == [
        [1, 0, 0, 0, 0, 1, 0, 0],
        [0, 0, 0, 0, 1, 0, 0, 0],
        [0, 0, 0, 0, 1, 0, 0, 1],
        [0, 0, 0, 0, 0, 0, 0, 0],
    ]  # fmt: skip
    few = fit(table, Recipe(levels=2), columns=["country"])
    assert few.names == ("country=NO", "country=SE", "country=other")


def test_a_level_that_could_say_who_somebody_is_is_in_no_model() -> None:
    table = table_of(title=["Ms"] * 5 + ["Mr"] * 5 + ["Lord Ashby"] * 4)
    made = fit(table, Recipe(rare=0.0))
    assert made.names == ("title=Mr", "title=Ms", "title=other")
    assert b"Ashby" not in msgspec.json.encode(made)


def test_frequency_is_the_share_of_the_level() -> None:
    table = table_of(c=["a"] * 12 + ["b"] * 6 + ["c"] * 2)
    made = fit(table, Recipe(categories="frequency", scale="none", rare=0.2))
    assert made.names == ("c frequency",)
    assert made.apply(table)[:, 0].tolist() == [0.6] * 12 + [0.3] * 6 + [0.1] * 2
    scaled = fit(table, Recipe(categories="frequency", rare=0.2)).apply(table)[:, 0]
    assert scaled.mean() == pytest.approx(0, abs=1e-9)
    assert scaled.std() == pytest.approx(1)


def test_levels_with_alike_people_lie_near_each_other() -> None:
    rng = np.random.default_rng(1)
    level = rng.choice(["NO", "SE", "US", "CA"], 2000)
    spent = np.where(np.isin(level, ["NO", "SE"]), rng.normal(10, 1, 2000), rng.normal(20, 1, 2000))
    device = np.where(np.isin(level, ["NO", "SE"]) == (rng.random(2000) < 0.9), "phone", "desktop")
    table = table_of(country=level.tolist(), spent=spent.tolist(), device=device.tolist())
    made = fit(table, Recipe(categories="svd"), columns=["country", "spent", "device"])
    codes = {one: np.array(made.categories[0].codes[place]) for place, one in enumerate(made.categories[0].levels)}

    def apart(one: str, other: str) -> float:
        return float(np.abs(codes[one][0] - codes[other][0]))

    assert max(apart("NO", "SE"), apart("US", "CA")) < 0.2 < 1.5 < apart("NO", "US")
    with pytest.raises(Problem, match="there is none"):
        fit(table, Recipe(categories="svd"), columns=["country"])


def test_what_says_nothing_new_is_left_out_with_the_reason() -> None:
    table = shop()
    made = fit(table, Recipe(prune=0.95, transform="none"))
    assert "same" not in made.columns
    assert LeftOut("same", "the same for everybody") in made.left_out
    assert LeftOut("doubled", "correlates 1.00 with orders") in made.left_out
    assert "doubled" not in made.columns  # and nobody asks for it any more
    empty = table_of(x=[1.0, 2.0, 3.0], nothing=[None, None, None])
    assert fit(empty, Recipe()).left_out == (LeftOut("nothing", "nobody has it"),)


def test_refusals_say_what_and_where() -> None:
    table = shop(50)
    with pytest.raises(Problem, match="log1p of a negative number"):
        fit(table, Recipe(transform="log1p"))
    with pytest.raises(Problem, match="too few people"):
        fit(table.only([0]), Recipe())
    with pytest.raises(Problem, match="did you mean 'spent'"):
        fit(table, Recipe(columns={"spend": Treatment(weight=2.0)}))
    with pytest.raises(NotFound, match="no feature 'x'"):
        fit(table, Recipe(), columns=["x"])
    with pytest.raises(Problem, match="no feature is left"):
        fit(table, Recipe(), columns=["same"])
    with pytest.raises(Problem, match="another kind"):
        fit(table, Recipe(), columns=["spent", "country"]).apply(table_of(spent=["a"], country=["NO"]))
    with pytest.raises(Problem, match="no preparation"):
        Preparation.of({"numbers": 3})


def test_a_recipe_is_read_as_every_definition() -> None:
    read = form_of(Recipe, {"transform": "log1p", "prune": 0.9, "columns": {"age": {"missing": "leave_out"}}})
    assert read == Recipe(transform="log1p", prune=0.9, columns={"age": Treatment(missing="leave_out")})
    with pytest.raises(InvalidDefinition) as refused:
        form_of(Recipe, {"transform": "log", "tails": 0.1, "levels": 0, "components": 0})
    assert len(refused.value.problems) == 4


def test_without_the_extra_the_core_fits_all_but_one_curve(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in ("scipy", "scipy.optimize", "sklearn"):
        monkeypatch.setitem(sys.modules, name, None)
    table = shop()
    fit(table, Recipe(transform="quantile_normal", categories="svd", prune=0.9, components=0.9)).apply(table)
    with pytest.raises(Problem, match=r"coterie\[learning\]"):
        fit(table, Recipe(transform="yeo_johnson"))
