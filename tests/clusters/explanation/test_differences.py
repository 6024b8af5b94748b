"""Differences with intervals that hold, members, rules and names."""

from __future__ import annotations

import math

import numpy as np
import pytest

from coterie.clusters.algorithms import fit
from coterie.clusters.explanation import explain_clusters
from coterie.clusters.explanation.bounds import Mask, joined, picked
from coterie.clusters.explanation.differences import compare_clusters, standardised, superiority
from coterie.clusters.explanation.facts import Bound, Explanation, ShortRule
from coterie.clusters.explanation.kept import explanation_of
from coterie.clusters.explanation.members import distances
from coterie.clusters.explanation.rules import rule_of
from coterie.clusters.explanation.thresholds import shortest_between
from coterie.clusters.naming import key_of, name_clusters
from coterie.engine.learning.telling import plain
from coterie.features.table import Column, FeatureTable, Floats
from coterie.model import Undetermined


def counted(values: Floats, members: Mask) -> tuple[Floats, Floats, Floats]:
    found, places = np.unique(values, return_inverse=True)
    inside = np.bincount(places[members], minlength=len(found)).astype(float)
    return found, inside, np.bincount(places[~members], minlength=len(found)).astype(float)


def table(**columns: object) -> FeatureTable:
    made = []
    for name, values in columns.items():
        array = np.asarray(values)
        kind = "number" if array.dtype.kind == "f" else "category"
        made.append(Column(name=name, kind=kind, values=array if kind == "number" else array.astype(object)))  # type: ignore[arg-type]
    count = len(made[0].values)
    profiles = np.array([f"p{number:05d}" for number in range(count)], object)
    return FeatureTable(profiles=profiles, columns=tuple(made), at=0)


def shop(people: int = 600, seed: int = 0) -> FeatureTable:
    """Three kinds of customers: recent frequent big spenders, new small ones on the phone, and lapsed ones."""
    rng = np.random.default_rng(seed)
    kind = np.repeat([0, 1, 2], [people // 6, people // 3, people // 2])
    recency = rng.gamma(4.0, np.array([2.0, 3.0, 40.0])[kind])
    orders = rng.poisson(np.array([12.0, 1.2, 1.5])[kind]) + 1.0
    spent = orders * rng.lognormal(np.array([4.5, 3.0, 3.5])[kind], 0.5)
    device = np.where(rng.random(people) < np.array([0.3, 0.9, 0.2])[kind], "phone", "laptop").astype(object)
    device[rng.random(people) < 0.05] = None
    return table(recency=recency, orders=orders, spent=spent, device=device)


@pytest.fixture(scope="module")
def told() -> tuple[FeatureTable, Floats, Explanation]:
    people = shop()
    matrix = np.log1p(people.numbers())
    matrix = (matrix - matrix.mean(axis=0)) / matrix.std(axis=0)
    return (
        people,
        matrix,
        explain_clusters(people, matrix, fit(matrix, "kmeans", 3, 0), people.numbers(["spent"])[:, 0]),
    )


@pytest.mark.parametrize("draw", ["normal", "heavy"])
def test_the_intervals_hold_in_95_of_100_cases(draw: str) -> None:
    rng = np.random.default_rng(1)

    def sample(count: int, shift: float) -> Floats:
        return rng.normal(shift, 1.0, count) if draw == "normal" else rng.lognormal(shift, 0.7, count)

    big = np.concatenate([sample(80_000, 0.5), sample(320_000, 0.0)])
    truth = (big[:80_000].mean() - big[80_000:].mean()) / big.std()
    chance = superiority(*counted(big, np.arange(400_000) < 80_000)[1:])[0]
    held, above = 0, 0
    for _ in range(400):
        values = np.concatenate([sample(120, 0.5), sample(480, 0.0)])
        found, inside, outside = counted(values, np.arange(600) < 120)
        difference, error = standardised(found, inside, outside)
        pairs, doubt = superiority(inside, outside)
        held += abs(difference - truth) <= 1.96 * error
        above += abs(pairs - chance) <= 1.96 * doubt
    assert 0.92 <= held / 400 <= 0.98
    assert 0.92 <= above / 400 <= 0.98


def test_figures_of_a_small_case_by_hand() -> None:
    people = table(x=np.array([1.0, 2.0, 3.0, 4.0, np.nan]), always=np.array([7.0] * 5))
    (first,), (second,) = compare_clusters(people, np.array([0, 0, 1, 1, 0]), 2)
    assert (first.mean, first.elsewhere, first.median, first.median_elsewhere) == (1.5, 3.5, 1.5, 3.5)
    assert first.difference == pytest.approx(-2.0 / math.sqrt(1.25))
    assert (first.exceeds, second.exceeds, first.known, second.known) == (0.0, 1.0, 2 / 3, 1.0)
    ties = superiority(np.array([1.0, 1.0]), np.array([1.0, 1.0]))
    assert ties[0] == 0.5


def test_an_explanation_says_who_they_are(told: tuple[FeatureTable, Floats, Explanation]) -> None:
    people, _matrix, explanation = told
    names = {one.name for one in explanation.clusters}
    assert "recent frequent big spenders" in names
    assert len(names) == 3
    best = next(one for one in explanation.clusters if one.name == "recent frequent big spenders")
    assert isinstance(best.revenue_share, float)
    assert best.revenue_share > 0.6
    assert sum(one.size for one in explanation.clusters) == len(people)
    assert isinstance(best.rule, ShortRule)
    assert best.rule.fidelity.f1 > 0.9
    assert best.rule.fidelity.people == int(picked(best.rule.branches, people).sum())
    assert all(len(branch) <= 3 for branch in best.rule.branches)
    assert best.key == "recent-frequent-big-spenders"
    level = next(
        one for each in explanation.clusters for one in each.differences if one.level == "phone" and one.mean > 0.8
    )
    assert level.low < level.difference < level.high
    assert level.known == pytest.approx(0.95, abs=0.04)


def test_typical_members_are_near_and_border_members_between(told: tuple[FeatureTable, Floats, Explanation]) -> None:
    _people, matrix, explanation = told
    clustering = fit(matrix, "kmeans", 3, 0)
    apart = distances(clustering.rule, matrix)
    for one in explanation.clusters:
        own = np.sort(apart[clustering.labels == one.cluster, one.cluster])
        assert [member.distance for member in one.typical] == own[:5].tolist()
        assert 0 <= one.border[0].margin <= one.border[-1].margin < one.typical[0].margin
        assert one.border[0].neighbour != one.cluster
    assert not any(one.typical or one.border for one in explanation.anonymous().clusters)


def test_the_same_data_give_the_same_explanation_and_it_survives_the_artefact(
    told: tuple[FeatureTable, Floats, Explanation],
) -> None:
    people, matrix, explanation = told
    again = explain_clusters(people, matrix, fit(matrix, "kmeans", 3, 0), people.numbers(["spent"])[:, 0])
    assert again == explanation
    assert explanation_of(plain(explanation.anonymous())) == explanation.anonymous()
    unworthy = explain_clusters(people, matrix, fit(matrix, "kmeans", 3, 0), rule_columns=())
    assert isinstance(unworthy.clusters[0].rule, Undetermined)
    assert isinstance(unworthy.clusters[0].revenue, Undetermined)
    assert explanation_of(plain(unworthy.anonymous())) == unworthy.anonymous()


def test_a_rule_finds_planted_bounds_with_missing_values_and_categories() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.uniform(0, 100, 3_000), rng.uniform(0, 1, 3_000)
    x[rng.random(3_000) < 0.1] = np.nan
    colour = rng.choice(np.array(["red", "green", "blue"], object), 3_000)
    target = (np.isnan(x) | (x >= 60)) & (colour != "red") & (y < 0.5)
    rule = rule_of(table(x=x, y=y, colour=colour, noise=rng.normal(size=3_000)), ("x", "y", "colour", "noise"), target)
    assert isinstance(rule, ShortRule)
    assert rule.fidelity.f1 > 0.99
    (branch,) = rule.branches
    bounds = {bound.column: bound for bound in branch}
    assert bounds["x"].missing
    assert bounds["x"].at_least == pytest.approx(60, abs=0.5)
    assert bounds["y"].below == pytest.approx(0.5, abs=0.005)
    assert not bounds["y"].missing
    assert "noise" not in bounds


def test_bounds_join_and_thresholds_are_short() -> None:
    path = (Bound(column="x", at_least=1.0, missing=True), Bound(column="c", levels=("a", "b")), Bound(column="x", below=5.0),
            Bound(column="c", levels=("b",), negate=True))  # fmt: skip
    assert joined(path) == (Bound(column="x", at_least=1.0, below=5.0), Bound(column="c", levels=("a",)))
    rng = np.random.default_rng(0)
    for low, high in np.sort(rng.lognormal(0, 4, (300, 2)) * rng.choice([-1, 1], (300, 1)), axis=1):
        at = shortest_between(low, high)
        assert low < at <= high
    assert shortest_between(0.1 + 0.2, 0.30000000000000010) == 0.30000000000000010


def test_names_are_different_and_keys_are_never_taken_twice() -> None:
    people = shop()
    labels = np.arange(600) % 3
    names = name_clusters(compare_clusters(people, labels, 3))
    assert names == ("average customers", "average customers 2", "average customers 3")
    assert key_of("average customers", {"average-customers", "average-customers-2"}) == "average-customers-3"
    assert key_of("123") == "cluster-123"
    assert key_of("日本") == "cluster"


def test_few_people_far_from_all_others_prove_little() -> None:
    values = np.concatenate([[9.0, 9.5, 9.9], np.arange(200) / 100])
    (apart,) = compare_clusters(table(spent=values), np.where(np.arange(203) < 3, 0, -1), 1)[0]
    assert apart.exceeds == 1.0
    assert 0.4 < apart.exceeds_low < 0.5 < apart.exceeds_high == 1.0
    (alone,) = compare_clusters(table(spent=values[2:]), np.where(np.arange(201) < 1, 0, -1), 1)[0]
    assert alone.exceeds_low < 0.25
    assert alone.high - alone.low > 2 * 1.9
    labels = np.where(np.arange(203) < 3, -1, 0)
    assert name_clusters(compare_clusters(table(spent=values), labels, 1)) == ("average customers",)


def test_a_cluster_is_not_named_after_half_of_it() -> None:
    device = np.repeat(["desk", "tablet", "phone"], [90, 100, 150]).astype(object)
    labels = np.where(device == "phone", 0, 1).astype(np.int64)
    assert name_clusters(compare_clusters(table(device=device), labels, 2)) == ("phone customers", "average customers")


def test_a_level_of_few_people_is_told_of_no_cluster() -> None:
    made = table(title=["Ms"] * 20 + ["Lord Ashby"] * 4 + ["Mr"] * 16)
    told = compare_clusters(made, np.repeat([0, 1], 20), 2)
    assert {one.level for group in told for one in group} == {"Ms", "Mr"}
