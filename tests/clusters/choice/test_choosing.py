"""A choice of k: every criterion for every k, a recommendation in words, warnings where they are due."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import silhouette_score

from coterie.clusters.agreement import adjusted_rand
from coterie.clusters.choice import Choice, Estimate, Stability, choose
from coterie.clusters.choice.gap import first_within
from coterie.clusters.choice.votes import elbow
from coterie.errors import Problem
from coterie.features.crowding import hopkins
from coterie.lab.planted import one_piece, planted
from coterie.model import Undetermined


@pytest.fixture(scope="module")
def grouped() -> Choice:
    return choose(planted(3).matrix, ks=range(2, 8))


def test_the_groups_that_were_planted_are_recommended(grouped: Choice) -> None:
    shop = planted(3)
    assert grouped.structure.verdict == "clusters"
    assert (grouped.recommended, grouped.clustering.k) == (shop.k, shop.k)
    assert adjusted_rand(grouped.clustering.labels, shop.truth) > 0.95
    assert grouped.words.startswith(f"Take {shop.k} clusters")
    assert grouped.warnings == ()
    assert set(grouped.votes) >= {"elbow", "silhouette", "davies_bouldin", "calinski_harabasz", "gap", "stability"}
    assert grouped.votes["silhouette"] == shop.k


def test_every_criterion_is_there_for_every_k(grouped: Choice) -> None:
    shop = planted(3)
    assert [one.k for one in grouped.scores] == list(range(2, 8))
    right = grouped.at(shop.k)
    assert isinstance(right.silhouette, Estimate)
    assert abs(right.silhouette.value - silhouette_score(shop.matrix, grouped.clustering.labels)) < 1e-5
    for one in grouped.scores:
        assert isinstance(one.stability, Stability)
        assert one.stability.draws == 20
        assert not isinstance(one.gap, Undetermined)
        assert not isinstance(one.davies_bouldin, Undetermined)
        assert isinstance(one.holdout, float)
        assert one.holdout < 1.2
    assert [one.inertia for one in grouped.scores] == sorted((one.inertia for one in grouped.scores), reverse=True)
    assert isinstance(right.stability, Stability)
    assert right.stability.mean > 0.95
    with pytest.raises(KeyError):
        grouped.at(99)


def test_the_same_customers_and_seed_give_the_same_choice(grouped: Choice) -> None:
    again = choose(planted(3).matrix, ks=range(2, 8))
    assert again.scores == grouped.scores
    assert (again.words, again.votes) == (grouped.words, grouped.votes)


def test_a_continuum_is_called_one() -> None:
    told: list[float] = []
    found = choose(one_piece(1).matrix, ks=(2, 3, 5), progress=lambda doing, share: told.append(share))
    assert (found.structure.verdict, found.recommended) == ("no structure", None)
    assert "There is no structure" in found.words
    assert "no structure" in found.warnings[0]
    assert found.clustering.k == found.slices
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_an_unstable_number_is_warned_of() -> None:
    found = choose(one_piece(0).matrix, ks=(6,))
    assert any("not stable" in one for one in found.warnings)


def test_more_groups_than_were_looked_for_are_said() -> None:
    found = choose(planted(4).matrix, ks=(2, 3, 4))
    assert any("more than" in one or "were looked at" in one for one in found.warnings)


@pytest.mark.parametrize("algorithm", ["hierarchical", "gaussian", "kprototypes", "gower"])
def test_other_algorithms_are_chosen_for_alike(algorithm: str) -> None:
    shop = planted(11)
    found = choose(shop.matrix, ks=(2, 3, 4), algorithm=algorithm)
    assert found.recommended == shop.k == 3
    assert adjusted_rand(found.clustering.labels, shop.truth) > 0.9
    assert isinstance(found.at(3).gap, Undetermined) == (algorithm != "hierarchical")


def test_what_cannot_be_chosen_is_said() -> None:
    matrix = np.random.default_rng(0).normal(size=(30, 2))
    for words in ({"algorithm": "hdbscan"}, {"ks": (1, 2)}, {"ks": range(2, 20)}, {"ks": ()}):
        with pytest.raises(Problem):
            choose(matrix, **words)  # type: ignore[arg-type]


def test_an_elbow_and_the_first_gap_within_its_error() -> None:
    assert elbow(range(2, 9), [100, 50, 10, 9, 8, 7, 6]) == 4
    assert elbow((2, 3), [2, 1]) is None
    values = {1: 0.1, 2: 0.3, 3: 0.9, 4: 0.92, 5: 0.8}
    assert first_within({k: Estimate(value=value, error=0.05) for k, value in values.items()}) == 3


def test_hopkins_tells_even_from_crowded() -> None:
    rng = np.random.default_rng(0)
    even, crowded = hopkins(rng.random((2_000, 2))), hopkins(planted(0).matrix)
    assert isinstance(even, float)
    assert isinstance(crowded, float)
    assert abs(even - 0.5) < 0.06
    assert crowded > 0.75
    assert isinstance(hopkins(np.zeros((100, 2))), Undetermined)
