"""A rule saved as a segment has, by every reader, exactly those members whom the rule picks."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from coterie.clusters.explanation.bounds import picked
from coterie.clusters.explanation.conversion import columns_of, refusals, segment_of
from coterie.clusters.explanation.facts import Bound, Fidelity, ShortRule
from coterie.clusters.explanation.rules import rule_of
from coterie.clusters.explanation.thresholds import shortest_between
from coterie.engine.history import History
from coterie.engine.learning.tables import Built, build
from coterie.engine.project import Project
from coterie.errors import Problem
from coterie.features.parse import parse_text
from coterie.features.table import FeatureTable
from coterie.model import Undetermined
from coterie.segments.definition import Segment, lower_all
from coterie.segments.live import Live
from coterie.segments.oracle import Oracle
from coterie.segments.parse import parse_text as segment_of_text
from coterie.segments.parse import yaml_of
from tests.features import shops

FIDELITY = Fidelity(accuracy=1.0, precision=1.0, recall=1.0, f1=1.0, people=0)
COMPUTED = {
    "activity",
    "gap",
    "overdue",
    "rate",
    "order_value",
    "repeat_share",
    "basket_log",
    "per_order",
    "rfm_segment",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return shops.project(tmp_path_factory.mktemp("rules") / "shop")


@pytest.fixture(scope="module")
def built(project: Project) -> Built:
    return build(project, parse_text(shops.SET), shops.middle())


@cache
def oracle_log() -> tuple[Any, ...]:
    return tuple(shops.events_of(shops.log()))


def rule(*branches: tuple[Bound, ...]) -> ShortRule:
    return ShortRule(branches=branches, fidelity=FIDELITY, says="")


def bounds_of(table: FeatureTable, name: str) -> list[Bound]:
    """Return bounds on both sides of values that occur, with and without the missing ones."""
    column = table.column(name)
    if column.kind == "category":
        levels = sorted({value for value in column.values if value is not None})[:2]
        return [Bound(column=name, levels=tuple(levels), negate=negate, missing=missing) for negate in (False, True) for missing in (False, True)]  # fmt: skip
    values = np.unique(column.values[~np.isnan(column.values)])
    places = sorted({len(values) // 4, 3 * len(values) // 4} - {0})
    cuts = [shortest_between(float(values[place - 1]), float(values[place])) for place in places]
    found = [Bound(column=name, at_least=cut, missing=bool(turn)) for turn, cut in enumerate(cuts)]
    found += [Bound(column=name, below=cut, missing=not turn) for turn, cut in enumerate(cuts)]
    if len(cuts) > 1 and cuts[0] < cuts[1]:
        found += [Bound(column=name, at_least=cuts[0], below=cuts[1], missing=missing) for missing in (False, True)]
    return found


def convert(built: Built, made: ShortRule, key: str) -> Segment | None:
    """Return the segment, or nothing where the bound is a length of time that is no whole number of seconds: that is refused."""
    try:
        segment = segment_of(made, built.feature_set, key=key)
    except Problem as error:
        known = ("no positive whole number of seconds", "no value is inside", "ahead")
        if not any(reason in str(error) for reason in known):
            raise
        return None
    assert segment_of_text(yaml_of(segment)).when == segment.when, "a file that reads back"
    return segment


def answers(segments: list[Segment]) -> list[dict[str, set[str]]]:
    """Return the members of each segment by batch, oracle and live."""
    catalog, at, rows = lower_all(segments), shops.middle(), shops.log()
    oracle, live = Oracle(catalog, oracle_log()), Live(catalog, history=lambda ids: [rows])
    live.apply(rows.filter(pa.array(rows["received_at"].to_numpy() <= at)))
    live.advance(at)
    return [
        {one.key: oracle.members(one.key, at) for one in segments},
        {one.key: set(live.members(one.key)) for one in segments},
    ]


def test_what_is_computed_of_several_numbers_is_refused_with_its_reason(built: Built) -> None:
    reasons = refusals(built.feature_set)
    assert reasons.keys() >= COMPUTED
    assert all(reasons.values())
    asked = columns_of(built.feature_set)
    assert {
        "recency",
        "frequency",
        "monetary",
        "view_recency",
        "tenure",
        "active_days",
        "country",
        "plan",
        "cold",
    } <= set(asked)
    with pytest.raises(Problem, match="cannot be written"):
        segment_of(rule((Bound(column="gap", below=3.0),)), built.feature_set, key="slow")


def test_a_bound_on_any_feature_means_the_same_to_every_reader(built: Built, project: Project) -> None:
    expected: dict[str, set[str]] = {}
    segments: list[Segment] = []
    for name in columns_of(built.feature_set):
        for number, bound in enumerate(bounds_of(built.table, name)):
            made = rule((bound,))
            segment = convert(built, made, f"{name.replace('_', '-')}-{number}")
            if segment is not None:
                segments.append(segment)
                expected[segment.key] = set(built.table.profiles[picked(made.branches, built.table)])
    told = {key.rpartition("-")[0] for key in expected}
    assert len(told) > 25, sorted(told)
    assert sum(0 < len(some) < len(built.table) for some in expected.values()) > 100
    for found in [*answers(segments), by_batch(project, segments)]:
        wrong = {key: (sorted(found[key] ^ expected[key])[:3]) for key in expected if found[key] != expected[key]}
        assert not wrong, {
            key: (wrong[key], yaml_of(next(one for one in segments if one.key == key))) for key in list(wrong)[:3]
        }


def by_batch(project: Project, segments: list[Segment]) -> dict[str, set[str]]:
    catalog, at = lower_all(segments), shops.middle()
    with History(project.events) as history:
        return {one.key: history.members_at(catalog, one.key, at) for one in segments}


def test_the_rule_of_a_group_becomes_a_segment_of_the_same_people(built: Built, project: Project) -> None:
    table = built.table
    columns = columns_of(built.feature_set)
    spent = np.nan_to_num(table.numbers(["monetary"])[:, 0])
    target = (spent > np.median(spent)) & (table.column("recency").values < 9)
    found = rule_of(table, columns, target)
    assert not isinstance(found, Undetermined)
    assert found.fidelity.f1 > 0.9
    segment = segment_of(found, built.feature_set, key="good", title="Good ones")
    expected = set(table.profiles[picked(found.branches, table)])
    assert len(expected) == found.fidelity.people
    for told in [*answers([segment]), by_batch(project, [segment])]:
        assert told["good"] == expected
