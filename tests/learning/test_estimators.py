"""Estimators over data frames say what the same code says of a project, in the kind of frame that came."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import clone

from coterie.engine.learning import clustering
from coterie.engine.learning.models import definition
from coterie.errors import Conflict, Problem
from coterie.learned.definition import ClustersModel
from coterie.learning import Clusters, CustomerValue, Features, Lookalike, Preparer, Propensity, purchases
from coterie.limits import DAY_US
from coterie.notebook import given_back
from tests.engine.learning.planted import NOW, RFM, kind_of, orders, planted

ALL = [Features(RFM), Preparer({"transform": "log1p"}), Clusters(k=3), CustomerValue(), Propensity(seed=3), Lookalike()]


@pytest.fixture(scope="module")
def events() -> pa.Table:
    """Return the orders of the planted shop as somebody has them: one column per property."""
    rows = [{key: one[key] for key in ("profile", "name", "occurred_at", "event_id")} for one in orders()]
    totals = [float(one["properties"].partition(": ")[2].rstrip("}")) for one in orders()]
    return pa.Table.from_pylist(rows).append_column("total", pa.array(totals))


@pytest.fixture(scope="module")
def people(events: pa.Table) -> pa.Table:
    found: pa.Table = Features(RFM, at=NOW).fit_transform(events)
    return found


def frame(table: pa.Table, kind: str) -> Any:
    return given_back(table, {"arrow": table, "polars": pl.DataFrame(), "pandas": pd.DataFrame()}[kind])


@pytest.mark.parametrize("one", ALL, ids=lambda one: type(one).__name__)
def test_parameters_are_read_set_and_cloned(one: Any) -> None:
    assert clone(one).get_params() == one.get_params()
    changed = type(one)(**one.get_params())
    name = next(iter(one.get_params()))
    assert changed.set_params(**{name: one.get_params()[name]}) is changed
    with pytest.raises(Problem, match="no such parameter"):
        changed.set_params(nonsense=1)
    assert repr(one).startswith(type(one).__name__)


@pytest.mark.parametrize(
    "one", [Preparer(), Clusters(k=2), CustomerValue(), Propensity(), Lookalike()], ids=lambda one: type(one).__name__
)
def test_nothing_is_said_before_a_fit(one: Any, people: pa.Table) -> None:
    with pytest.raises(Conflict, match="not fitted yet"):
        (one.predict if hasattr(one, "predict") else one.transform)(people)


@pytest.mark.parametrize("kind", ["arrow", "polars", "pandas"])
def test_what_comes_goes_back_as_its_kind(kind: str, events: pa.Table, people: pa.Table) -> None:
    given = frame(people, kind)
    for answer in (
        Features(RFM, at=NOW).fit_transform(frame(events, kind)),
        Preparer().fit_transform(given),
        Clusters(k=3).fit_transform(given),
        purchases(frame(events, kind), "order", amount="total", at=NOW),
    ):
        assert type(answer) is type(given)
        assert len(answer["profile"]) > 0


def test_a_matrix_goes_back_as_a_matrix() -> None:
    numbers = np.random.default_rng(0).normal(size=(50, 3))
    assert Preparer({"transform": "none"}).fit_transform(numbers).shape == (50, 3)
    labels = Clusters(k=2).fit_predict(numbers)
    assert (labels.shape, labels.dtype) == ((50,), np.int64)


def test_clusters_of_a_frame_are_those_of_the_project(events: pa.Table, people: pa.Table, tmp_path: Path) -> None:
    project = planted(tmp_path / "shop")
    model = definition(project, "buyers", "clusters")
    assert isinstance(model, ClustersModel)
    found = clustering.fit(project, model, NOW)
    one = Clusters(k=3, prepare=model.prepare, worth="monetary").fit(people)
    assert people["profile"].to_pylist() == found.ready.table.profiles.tolist()
    assert one.labels_.tolist() == found.labels.tolist()
    assert one.distances_.tobytes() == found.distances.tobytes()
    assert one.keys_ == found.fitted.keys
    kinds = [kind_of(name) for name in people["profile"].to_pylist()]
    assert len(set(zip(kinds, one.labels_.tolist(), strict=True))) == 3


def test_rows_alone_and_in_another_order_are_where_they_were(people: pa.Table) -> None:
    one = Clusters(k=3).fit(people)
    order = np.random.default_rng(1).permutation(len(people))
    assert one.predict(people.take(order)).tolist() == one.labels_[order].tolist()
    assert [one.predict(people.slice(row, 1))[0] for row in range(0, 90, 7)] == one.labels_[::7].tolist()
    assert one.says().count("\n") == 2


def test_how_many_is_chosen_and_told() -> None:
    rng = np.random.default_rng(3)
    centres = np.repeat([(0, 0), (9, 0), (0, 9)], 200, axis=0)
    one = Clusters(k_range=(2, 5)).fit(pd.DataFrame(centres + rng.normal(size=(600, 2)), columns=["a", "b"]))
    assert one.choice_ is not None
    assert one.choice_.recommended == len(one.keys_) == 3


def test_texts_are_categories(people: pa.Table) -> None:
    with_texts = people.append_column("plan", pa.array(["pro" if i % 2 else "free" for i in range(len(people))]))
    names = Preparer().fit(with_texts).feature_names_out_
    assert any("plan" in name for name in names)
    with pytest.raises(Problem, match="neither numbers nor texts"):
        Preparer().fit(pa.table({"when": pa.array([1], pa.timestamp("us"))}))


def test_purchases_are_days_of_buying(events: pa.Table) -> None:
    bought = purchases(events, "order", amount="total", at=NOW)
    assert (bought.num_rows, set(bought["profile"].to_pylist())) == (90, set(events["profile"].to_pylist()))
    days: dict[str, set[int]] = {}
    for one in events.to_pylist():
        days.setdefault(one["profile"], set()).add(one["occurred_at"] // DAY_US)
    assert bought["repeats"].to_pylist() == [len(days[name]) - 1 for name in sorted(days)]


def bought_by(rates: Any, rng: np.random.Generator) -> pd.DataFrame:
    """Return people of whom each buys at a rate of their own, and some stop."""
    rows = []
    for number, rate in enumerate(rates):
        until = min(700.0, rng.exponential(900.0))
        days = np.unique(np.floor(np.cumsum(rng.exponential(1 / rate, 200))))
        days = days[days < until]
        spend = float(rng.gamma(5.0, 8.0)) if len(days) else 0.0
        last = float(days[-1]) if len(days) else 0.0
        rows.append({"profile": f"p{number}", "repeats": len(days), "recency": last, "age": 700.0, "spend": spend})
    return pd.DataFrame(rows)


def test_value_is_foreseen_in_order_of_what_people_do() -> None:
    rng = np.random.default_rng(2)
    people = bought_by(rng.gamma(1.5, 0.01, 600), rng)
    one = CustomerValue().fit(people)
    assert set(one.parameters_) == set(one.errors_) == {"r", "alpha", "a", "b"}
    told = one.predict(people)
    assert type(told) is pd.DataFrame
    assert told["clv"].corr(people["repeats"] * people["spend"], method="spearman") > 0.5
    longer = CustomerValue(horizon="730d").fit_predict(people)
    assert (longer["expected_purchases"] >= told["expected_purchases"]).all()
    counted = CustomerValue("mbg_nbd", monetary="none", unit="week").fit(people.drop(columns="spend"))
    assert counted.predict(people)["clv"].isna().all()


def test_chances_are_learned_from_the_past_and_tested_on_the_last_instant() -> None:
    rng = np.random.default_rng(4)
    rows = 3_000
    active = rng.normal(size=rows)
    outcome = rng.random(rows) < 1 / (1 + np.exp(-2 * active))
    frame_ = pd.DataFrame({"active": active, "noise": rng.normal(size=rows)})
    one = Propensity(trees=60).fit(frame_, outcome, np.arange(rows) % 5)
    assert one.area_.value > 0.8
    assert one.influences_["active"] > 0.8
    chances = one.predict_proba(frame_)
    assert np.allclose(chances.sum(axis=1), 1)
    assert abs(chances[:, 1].mean() - outcome.mean()) < 0.05
    with pytest.raises(Problem, match="too few instants"):
        Propensity().fit(frame_, outcome, np.zeros(rows))
    with pytest.raises(Problem, match="nothing can be learned"):
        Propensity().fit(frame_, np.zeros(rows), np.arange(rows) % 5)


def test_who_resembles_is_found() -> None:
    rng = np.random.default_rng(5)
    taste = rng.normal(size=2_000)
    members = taste + rng.normal(scale=0.7, size=2_000) > 1
    one = Lookalike(trees=40).fit(pl.DataFrame({"taste": taste}), members)
    chances = one.predict_proba(pl.DataFrame({"taste": [-2.0, 2.5]}))[:, 1]
    assert chances[1] > 0.6 > 0.1 > chances[0]
    with pytest.raises(Problem, match="another length"):
        Lookalike().fit(pl.DataFrame({"taste": taste}), members[:5])
