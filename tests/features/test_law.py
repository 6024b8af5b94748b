"""The law of features: batch, live and oracle give the same bits of everybody; what arrives later changes nothing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from coterie.engine.learning.tables import Built, build, plan_of
from coterie.engine.project import Project
from coterie.features.feature import Need
from coterie.features.parse import parse_text
from coterie.limits import DAY_US
from coterie.storage.log import conform
from tests.features import shops


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return shops.project(tmp_path_factory.mktemp("features") / "shop")


@pytest.fixture(scope="module")
def built(project: Project) -> Built:
    return build(project, parse_text(shops.SET), shops.middle())


def test_the_log_is_worth_asking(built: Built) -> None:
    table = built.table
    assert len(table) > 100
    spoken = {name: int(np.isfinite(table.column(name).values).sum()) for name in (c.name for c in table.numeric())}
    silent = [name for name, known in spoken.items() if known < 5]
    assert not silent, silent
    varied = {
        name: len(set(np.round(table.column(name).values[np.isfinite(table.column(name).values)], 9)))
        for name in spoken
    }
    alike = {"repeat_share", "discount_rate", "channel_other", "device_other"}
    assert {name for name, n in varied.items() if n < 2} <= alike, "every order is one, a coupon is no money"
    late = shops.log()["received_at"].to_numpy() - shops.log()["occurred_at"].to_numpy()
    assert (late > 3_600_000_000).sum() > 5, "some events arrive late"
    assert sum(name == "$merge" for name in shops.log()["name"].to_pylist()) > 5


@pytest.mark.parametrize("reader", [shops.by_oracle, shops.by_live])
def test_the_readers_measure_and_derive_the_same_bits(built: Built, project: Project, reader: object) -> None:
    plan = plan_of(project, built.feature_set)
    assert plan.is_frozen
    assert plan.refusals() == ()
    reading = plan.reading()
    profiles, measured = reader(reading, shops.log(), shops.middle())  # type: ignore[operator]
    inside = reading.inside(measured)
    assert [one for one, is_in in zip(profiles, inside, strict=True) if is_in] == built.table.profiles.tolist()
    derived = reading.derive(measured)[inside]
    for place, feature in enumerate(plan.expressed):
        told = built.table.column(feature.name).values
        if feature.kind == "category":
            known = [None if np.isnan(x) else feature.labels[int(x)] for x in derived[:, place]]
            assert known == told.tolist(), feature.name
        else:
            wrong = [
                i
                for i in range(len(told))
                if told[i] != derived[i, place] and not (np.isnan(told[i]) and np.isnan(derived[i, place]))
            ]
            assert not wrong, (feature.name, told[wrong[:3]], derived[wrong[:3], place])


def test_categories_are_the_oracles_and_one_at_a_time_they_are_lives(built: Built, project: Project) -> None:
    plan = plan_of(project, built.feature_set)
    told = {
        name: [None if one is None else str(one) for one in built.table.column(name).values]
        for name in built.table.names
        if built.table.column(name).kind == "category"
    }
    everybody, _ = shops.by_oracle(plan.reading(()), shops.log(), shops.middle())
    known = shops.categories(plan, shops.log(), shops.middle())
    inside = set(built.table.profiles.tolist())
    for name, values in known.items():
        assert [v for v, who in zip(values, everybody, strict=True) if who in inside] == told[name], name
    needs = [Need(name, level) for name, values in told.items() for level in sorted({v or "" for v in values})]
    assert len(needs) > 15
    reading = plan.reading(needs)
    profiles, measured = shops.by_live(reading, shops.log(), shops.middle())
    flags = dict(zip(profiles, reading.derive(measured), strict=True))
    for row, who in enumerate(built.table.profiles):
        expected = [1.0 if (told[need.column][row] or "") == need.level else 0.0 for need in needs]
        assert flags[who].tolist() == expected


def test_what_arrives_later_changes_nothing(built: Built, tmp_path: Path) -> None:
    at = shops.middle()
    had = shops.log().filter(pa.array(shops.log()["received_at"].to_numpy() <= at))
    occurred = shops.log()["occurred_at"].to_numpy()
    assert ((occurred <= at) & (shops.log()["received_at"].to_numpy() > at)).any(), (
        "something had happened that was not known"
    )
    before = build(shops.project(tmp_path / "then", had), parse_text(shops.SET), at)
    assert before.feature_set == built.feature_set
    assert before.table.profiles.tolist() == built.table.profiles.tolist()
    for one, other in zip(before.table.columns, built.table.columns, strict=True):
        assert (one.name, one.kind) == (other.name, other.kind)
        if one.kind == "number":
            assert one.values.tobytes() == other.values.tobytes(), one.name
        else:
            assert one.values.tolist() == other.values.tolist(), one.name


def test_frozen_fifths_and_levels_stand_still(built: Built, project: Project) -> None:
    later = build(project, built.feature_set, shops.end())
    assert later.feature_set == built.feature_set
    assert later.table.names == built.table.names
    anew = build(project, parse_text(shops.SET), shops.end())
    assert anew.feature_set.frozen != built.feature_set.frozen


def test_a_row_has_the_same_bits_alone_and_among_many(built: Built, project: Project) -> None:
    reading = plan_of(project, built.feature_set).reading()
    _, measured = shops.by_oracle(reading, shops.log(), shops.middle())
    whole = reading.derive(measured)
    alone = np.concatenate([reading.derive(measured[i : i + 1]) for i in range(len(measured))])
    assert whole.tobytes() == alone.tobytes()
    some = np.asfortranarray(measured)[3:77]
    assert reading.derive(some).tobytes() == whole[3:77].tobytes()


def test_a_value_that_could_say_who_somebody_is_is_not_frozen(tmp_path: Path) -> None:
    seen = [("red", person, 0) for person in range(5)] + [("blue", person, n) for person in range(4) for n in range(9)]
    rows = pa.Table.from_pylist(
        [
            {"event_id": f"{colour}-{person}-{n}", "profile": f"{colour}-{person}", "name": "seen", "occurred_at": n,
             "received_at": n, "properties": json.dumps({"colour": colour})}
            for colour, person, n in seen
        ]
    )  # fmt: skip
    made = shops.project(tmp_path / "shop", conform(rows))
    found = build(made, parse_text("key: colours\nbuilt_in: [{mix: {event: seen, property: colour}}]"), DAY_US)
    assert found.feature_set.frozen is not None
    assert found.feature_set.frozen.levels == {"colour_": ("red",)}
    written = "key: colours\nbuilt_in: [{mix: {event: seen, property: colour, values: [blue]}}]"
    assert "colour_blue" in build(made, parse_text(written), DAY_US).table.names
