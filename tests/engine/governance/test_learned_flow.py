"""What feature sets and models read, and what they make, is part of what flows where."""

from __future__ import annotations

from pathlib import Path

import pytest

from coterie.engine.governance.flow import lineage_of
from coterie.engine.project import Project
from coterie.engine.taxonomy.files import required_plan
from coterie.engine.taxonomy.readers import unplanned
from coterie.governance.lineage import Lineage, Node
from tests.engine.projects import project

FILES = {
    "features/buying.yaml": """\
key: buying
population: known
built_in:
  - rfm: {event: order, amount: total}
  - mix: {event: view, property: category}
features:
  plan: {trait: {name: plan, as: category}}
  regular: {meets: {in_segment: regulars}}
""",
    "models/groups.yaml": "key: groups\nkind: clusters\nfeatures: buying\n",
    "models/worth.yaml": "key: worth\nkind: value\npurchase: order\norder: number\namount: total\n",
    "models/leaving.yaml": "key: leaving\nkind: propensity\nfeatures: buying\ntarget: {did_not: session}\n",
    "models/alike.yaml": "key: alike\nkind: lookalike\nfeatures: buying\nseed_segment: regulars\n",
    "models/tastes.yaml": "key: tastes\nkind: interests\nlooked: view\ncategory: shelf\n",
    "models/voice.yaml": "key: voice\nkind: text\nsaid: review\ntext: body\n",
    "tracking/order.yaml": "event: order\nproperties:\n  total: {type: number}\n",
    "tracking/identify.yaml": "event: $identify\nproperties:\n  plan: {type: string}\n",
}
SEGMENTS = {
    "known": "{trait: {name: plan, exists: true}}",
    "regulars": "{did: {event: order, at_least: 3}}",
    "best": "{all: [{cluster: {model: groups, in: [big]}}, {trait: {name: clv.worth, at_least: 100}}]}",
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = project(tmp_path_factory.mktemp("flow") / "shop", SEGMENTS)
    for name, text in FILES.items():
        path = Path(made.root / name)
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return made


@pytest.fixture(scope="module")
def lineage(shop: Project) -> Lineage:
    return lineage_of(shop, {("order", "till"): ["total"]})


def names(nodes: tuple[Node, ...]) -> set[str]:
    return {str(one) for one in nodes}


def test_a_feature_set_reads_events_properties_traits_and_segments(lineage: Lineage) -> None:
    assert names(lineage.above(Node("features", "buying"))) == {
        "event:order", "property:order.total", "event:view", "property:view.category", "trait:plan",
        "segment:known", "segment:regulars",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("model", "above"),
    [
        ("groups", {"features:buying"}),
        ("worth", {"event:order", "property:order.number", "property:order.total"}),
        ("leaving", {"features:buying", "event:session"}),
        ("alike", {"features:buying", "segment:regulars"}),
        ("tastes", {"event:view", "property:view.shelf"}),
        ("voice", {"event:review", "property:review.body"}),
    ],
)
def test_a_model_reads_its_features_events_and_segments(model: str, above: set[str], lineage: Lineage) -> None:
    assert names(lineage.above(Node("model", model))) == above


def test_what_an_event_feels_goes_through_models_to_segments(lineage: Lineage) -> None:
    felt = names(lineage.reached(Node("property", "order.total")))
    assert {"features:buying", "model:groups", "model:worth", "trait:cluster.groups", "trait:clv.worth", "segment:best"} <= felt  # fmt: skip
    assert "model:tastes" not in felt
    assert "source:till" in names(lineage.origins(Node("segment", "best")))


def test_what_the_plan_lacks_is_said_with_the_models_that_read_it(shop: Project) -> None:
    told = {(one.event, one.property): one.readers for one in unplanned(shop, required_plan(shop))}
    assert told["session", ""] == ("model:leaving",)
    assert told["order", "number"] == ("model:worth",)
    assert not any("cluster" in name or "clv" in name for _, name in told), "models make those"
