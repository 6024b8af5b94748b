"""Propensities and lookalikes: what is planted is found, what is noise is said to be, too little is not learned from."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

from coterie.features.table import Column, FeatureTable
from coterie.model import Undetermined
from coterie.value import likeness
from coterie.value.boosting import Settings
from coterie.value.encoding import encoding_of
from coterie.value.propensity import Learned, Propensity, Sample, learn, words
from coterie.value.ranking import Area

SETTINGS = Settings(trees=120)


def sample(count: int, seed: int, effect: float = 1.0, base: float = -1.5) -> Sample:
    rng = np.random.default_rng(seed)
    visits, spent = rng.gamma(2, 1, count), rng.lognormal(3, 1, count)
    spent[rng.random(count) < 0.2] = np.nan
    device = rng.choice(np.array(["phone", "desk", None], object), count)
    truth = base + effect * ((visits - 2) + 2 * (device == "phone"))
    outcomes = rng.random(count) < 1 / (1 + np.exp(-truth))
    columns = (
        Column(name="visits", values=visits), Column(name="spent", values=spent),
        Column(name="device", kind="category", values=device),
    )  # fmt: skip
    return Sample(table=FeatureTable(profiles=np.array([f"u{n}" for n in range(count)], object), columns=columns, at=0), outcomes=outcomes)  # fmt: skip


def learned(*samples: Sample, **more: int) -> Learned:
    found = learn(samples[:-2], samples[-2], samples[-1], SETTINGS, **more)
    assert isinstance(found, Learned)
    return found


def test_what_is_planted_is_found_and_holds_later() -> None:
    found = learned(sample(3_000, 1), sample(3_000, 2), sample(3_000, 3), sample(3_000, 4))
    assert isinstance(found.area, Area)
    assert found.area.low > 0.65
    assert found.reliability.ece < 0.04
    assert {one.feature for one in found.influences[:2]} == {"visits", "device = phone"}
    assert found.simplest == "visits"
    assert isinstance(found.simplest_area, Area)
    assert found.simplest_area.value < found.area.low
    assert words(found) == []
    again = learned(sample(3_000, 1), sample(3_000, 2), sample(3_000, 3), sample(3_000, 4))
    assert again.model.told() == found.model.told()


def test_noise_is_said_to_be_noise() -> None:
    said = 0
    for seed in range(5):
        found = learned(*(sample(1_500, 10 * seed + n, effect=0.0) for n in range(3)))
        told = found.area
        assert isinstance(told, Undetermined) or told.low < 0.55
        said += any("no better than chance" in one or "cannot be said" in one for one in words(found))
    assert said >= 4


def test_a_world_that_changed_is_seen_on_the_test() -> None:
    found = learned(sample(3_000, 1), sample(3_000, 2), sample(3_000, 3, base=0.5))
    assert any("off by" in one for one in words(found))


def test_too_little_is_not_learned_from() -> None:
    few = sample(60, 1)
    told = learn([few], few, few, SETTINGS)
    assert isinstance(told, Undetermined)
    assert "at least 50" in told.reason
    none = Sample(table=few.table, outcomes=np.zeros(60, bool))
    tuned = learn([sample(2_000, 2)], none, few, SETTINGS)
    assert isinstance(tuned, Undetermined)
    assert "tune" in tuned.reason


def test_a_model_reads_tables_alone_and_after_it_was_written() -> None:
    found = learned(sample(2_000, 1), sample(2_000, 2), sample(2_000, 3))
    table = sample(500, 9).table
    chances = found.model.chances(table)
    assert np.array_equal(Propensity.read(found.model.told()).chances(table), chances)
    assert found.model.chances(table.only([77]))[0] == chances[77]
    assert ((chances > 0) & (chances < 1)).all()
    strange = table.only([1])
    assert encoding_of(table).names == ("visits", "spent", "device = (missing)", "device = desk", "device = phone")
    assert found.model.encoding.rows(strange).shape == (1, 5)


def test_lookalikes_resemble_and_the_definition_itself_is_told() -> None:
    crowd = sample(3_000, 5)
    members = crowd.outcomes
    found = likeness.resemble(crowd.table, members, SETTINGS)
    assert isinstance(found, likeness.Alike)
    assert isinstance(found.area, Area)
    assert found.area.low > 0.65
    assert found.reliability.ece < 0.05
    assert likeness.words(found) == []
    visits = np.asarray(crowd.table.column("visits").values, np.float64)
    others = found.model.chances(crowd.table)[~members]
    assert np.corrcoef(others, visits[~members])[0, 1] > 0.5, "those who visit as much are alike"
    defined = likeness.resemble(crowd.table, visits > 4, SETTINGS)
    assert isinstance(defined, likeness.Alike)
    assert any("define the segment" in one for one in likeness.words(defined))
    assert isinstance(likeness.resemble(crowd.table, visits > 1e9, SETTINGS), Undetermined)


@pytest.mark.data
def test_sessions_of_a_real_shop_month_after_month(data: Path) -> None:
    with gzip.open(data / "online_shoppers" / "online_shoppers_intention.csv.gz", "rt") as lines:
        rows = list(csv.DictReader(lines))
    assert sum(row["Revenue"] == "1" for row in rows) == 1_908

    def month(*names: str) -> Sample:
        chosen = [row for row in rows if row["Month"] in names]
        numbers = (
            "Administrative",
            "ProductRelated",
            "ProductRelated_Duration",
            "BounceRates",
            "ExitRates",
            "PageValues",
        )
        columns = [Column(name=name, values=np.array([float(row[name]) for row in chosen])) for name in numbers]
        kinds = [Column(name=name, kind="category", values=np.array([row[name] for row in chosen], object)) for name in ("VisitorType", "TrafficType")]  # fmt: skip
        profiles = np.array([str(place) for place in range(len(chosen))], object)
        table = FeatureTable(profiles=profiles, columns=(*columns, *kinds), at=0)
        return Sample(table=table, outcomes=np.array([row["Revenue"] == "1" for row in chosen]))

    found = learned(month("Feb", "Mar", "May", "June", "Jul", "Aug", "Sep", "Oct"), month("Nov"), month("Dec"))
    assert isinstance(found.area, Area)
    assert found.area.value == pytest.approx(0.91, abs=0.02)
    assert found.influences[0].feature == "PageValues"
    assert any("off by" in one for one in words(found)), (
        "one session in four bought in November, one in eight in December"
    )
