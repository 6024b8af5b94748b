"""Model files: what may be written, what is refused, and that everything wrong is told at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from coterie.errors import InvalidDefinition
from coterie.learned.definition import KINDS, ClustersModel, PropensityModel, features_of, segments_of
from coterie.learned.parse import definition_of, load, parse, parse_text, strangers
from coterie.learned.words import events_of
from coterie.segments.parse.written import data_of, yaml_text
from tests.learned.models import artefact

WRITTEN = [
    {"key": "rfm", "kind": "clusters", "features": "rfm", "k": 4, "prepare": {"transform": "log1p"}, "live": {"every": "6h"}},
    {"key": "auto", "kind": "clusters", "features": "rfm", "algorithm": "auto", "auto": {"columns": {"rf": ["recency"]}}},
    {"key": "dense", "kind": "clusters", "features": "rfm", "algorithm": "hdbscan", "min_cluster_size": 50},
    {"key": "clv", "kind": "value", "purchase": {"event": "order", "where": {"paid": True}}, "amount": "value"},
    {"key": "counts", "kind": "value", "purchase": "order", "monetary": "none", "model": "pareto_nbd", "unit": "week"},
    {"key": "churn", "kind": "propensity", "features": "rfm", "target": {"did_not": "order"}, "within": "60d"},
    {"key": "likes", "kind": "interests", "looked": "view", "category": "kind"},
    {"key": "reviews", "kind": "text", "said": "review", "text": "body", "topics": 4},
    {"key": "like", "kind": "lookalike", "features": "rfm", "seed_segment": "vip", "population": "buyers"},
]  # fmt: skip


@pytest.mark.parametrize("data", WRITTEN, ids=lambda data: data["key"])
def test_what_is_written_comes_back_as_it_was(data: dict[str, Any]) -> None:
    model = parse(data)
    assert data_of(model) == data
    assert parse_text(yaml_text(data_of(model))) == model
    assert definition_of(artefact(kind=model.kind, key=model.key, definition=data)) == model


def test_every_kind_is_written_somewhere() -> None:
    assert {data["kind"] for data in WRITTEN} == set(KINDS)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"kind": "cluster"}, "did you mean 'clusters'"),
        ({"kind": None}, "kind"),
        ({"features": None}, "features"),
        ({"algorithm": "hdbscan", "k": 4}, "finds the number of clusters itself"),
        ({"k_range": [9, 3]}, "ends before it begins"),
        ({"auto": {"within": "10s"}}, "only `algorithm: auto` tries several"),
        ({"eps": 0.5}, "kmeans has no eps"),
        ({"min_cluster_size": 20}, "kmeans has no min_cluster_size"),
        ({"purchase": "order"}, "unknown key"),
        ({"prepare": {"scale": "z"}}, "prepare.scale"),
        ({"key": "RFM"}, "write rfm"),
        ({"valid_for": "3 months"}, "valid_for"),
        ({"live": {"every": "0s"}}, "live.every"),
        ({"seed": -1}, "seed"),
    ],
)
def test_what_is_wrong_is_said(change: dict[str, Any], what: str) -> None:
    with pytest.raises(InvalidDefinition) as told:
        parse({"key": "rfm", "kind": "clusters", "features": "rfm", **change})
    assert what in str(told.value)


def test_a_value_needs_an_amount_or_says_that_there_is_none() -> None:
    with pytest.raises(InvalidDefinition, match="without an amount there is no value"):
        parse({"key": "clv", "kind": "value", "purchase": "order"})


@pytest.mark.parametrize("target", [{}, {"did": "order", "entered": "vip"}])
def test_a_target_is_one_thing(target: dict[str, str]) -> None:
    with pytest.raises(InvalidDefinition):
        parse({"key": "p", "kind": "propensity", "features": "rfm", "target": target})


def test_every_problem_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("key: a\nkind: clusters\nk: zero\n")
    (tmp_path / "b.yaml").write_text("key: c\nkind: value\npurchase: order\namount: value\n")
    (tmp_path / "d.yaml").write_text("- no mapping\n")
    with pytest.raises(InvalidDefinition) as told:
        load(tmp_path)
    assert len(told.value.problems) == 4
    for spot in ("a.yaml:3: k", "a.yaml:1: features", "b.yaml: the file is not named", "d.yaml:1"):
        assert spot in str(told.value)


def test_files_are_read_by_key_and_no_folder_has_none(tmp_path: Path) -> None:
    for key in ("b", "a"):
        (tmp_path / f"{key}.yaml").write_text(f"key: {key}\nkind: clusters\nfeatures: rfm\n")
    assert [one.key for one in load(tmp_path)] == ["a", "b"]
    assert load(tmp_path / "nowhere") == []


def test_names_that_nobody_defines_are_told_with_the_nearest() -> None:
    models = [
        parse({"key": "a", "kind": "clusters", "features": "rfm", "columns": ["recency", "frequenzy"], "population": "buyer"}),
        parse({"key": "b", "kind": "propensity", "features": "rmf", "target": {"entered": "vip"}}),
    ]  # fmt: skip
    told = "\n".join(map(str, strangers(models, {"buyers", "vip"}, {"rfm": ("recency", "frequency")})))
    for words in ("models/a.yaml: columns", "'frequency'", "'buyers'", "models/b.yaml: features", "'rfm'"):
        assert words in told
    assert strangers(models[1:], {"vip"}, {"rmf": ()}) == []


def test_a_bare_event_is_that_event() -> None:
    model = parse({"key": "clv", "kind": "value", "purchase": "order", "monetary": "none"})
    assert events_of(model.purchase).picker.selector("UTC").names == ("order",)  # type: ignore[union-attr]


def test_what_a_model_names_is_known() -> None:
    model = parse(WRITTEN[-1])
    assert (features_of(model), segments_of(model)) == ("rfm", ("buyers", "vip"))
    assert features_of(parse(WRITTEN[3])) is None


def test_a_form_says_only_what_was_written() -> None:
    model = parse(WRITTEN[0])
    assert isinstance(model, ClustersModel)
    assert not isinstance(model, PropensityModel)
    assert model.live is not None
    assert model.live.every == "6h"
