"""The catalogue of a project: what its log, its plan, its rules and its definitions say of every field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from coterie.engine.governance.catalogue import catalogue_of
from coterie.engine.governance.keeping import Catalogues
from coterie.engine.project import Project
from coterie.errors import NotFound
from coterie.governance.catalogue import Catalogue
from coterie.governance.lineage import Node
from coterie.storage.log import conform
from coterie.values import canonical
from tests.engine.projects import NOW, at, project
from tests.storage.logs import rows

BIG = '{did: {event: order, where: {"cart.total": {greater_than: 50}}, within: 30d}}'
PRO = "{all: [{trait: {name: plan, equals: pro}}, {in_segment: big}, {did: {event: chekout, within: 7d}}]}"
PLAN = """\
event: order
description: Somebody bought.
owner: shop team
properties:
  cart.total: {type: number, description: What it cost.}
  street: {type: string, pii: direct}
  voucher: {type: string}
"""
TRIGGER = """\
key: thanks
when: {event: order}
if: {in_segment: pro}
destination: log
content: {text: "Hi {{ traits.first_name | default: 'you' }}, {{ event.properties.voucher | default: '' }}"}
"""
MAPPING = """\
source: till
profile: who
occurred_at: at
event: order
properties: {cart.total: amount, "cart.tax": {expression: "amount / 5"}}
traits: {plan: tariff}
"""


def events() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for n in range(12):
        who = f"p{n}"
        found.append(
            at(9, event_id=f"i{n}", profile=who, name="$identify", properties={"plan": "pro" if n % 2 else "free"})
        )
        order = {
            "cart.total": 10 * n,
            "colour": "red",
            "street": "High Street",
            "contact": f"p{n}@example.com",
            "rare": f"r{n}",
        }
        found.append(at(3, event_id=f"o{n}", profile=who, name="order", properties=order))
    found.append(at(2, event_id="v", profile="p1", name="view", properties={"tags": ["a"], "colour": None}))
    return found


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = project(tmp_path_factory.mktemp("catalogue") / "shop", {"big": BIG, "pro": PRO})
    files = {
        "tracking/order.yaml": PLAN, "triggers/thanks.yaml": TRIGGER, "mappings/till.yaml": MAPPING,
        "destinations/log.yaml": "key: log\nkind: file\npath: out.jsonl\n",
        "governance/shop.yaml": "key: shop\nrules:\n  - {property: colour, event: order, text: lower}\n",
    }  # fmt: skip
    for name, text in files.items():
        (made.root / name).parent.mkdir(exist_ok=True)
        (made.root / name).write_text(text)
    log = conform(rows(*({**one, "properties": canonical(one["properties"])} for one in events())))
    source = log.schema.get_field_index("source")
    made.events.append(log.set_column(source, log.schema.field(source), [["till"] * log.num_rows]))
    return made


@pytest.fixture(scope="module")
def found(shop: Project) -> Catalogue:
    return catalogue_of(shop)


def test_events_are_counted_with_their_source_and_their_times(found: Catalogue) -> None:
    order = found.named("event", "order")
    assert (order.count, order.sources, order.owner, order.is_planned) == (12, ("till",), "shop team", True)
    assert order.description == "Somebody bought."
    assert order.first_at == order.last_at == NOW - 3 * 86_400_000_000
    assert (found.events, found.people, found.looked) == (25, 12, 25)


def test_properties_have_types_shares_plan_rules_and_columns(found: Catalogue) -> None:
    total = found.named("property", "order.cart.total")
    assert (total.types, total.share, total.description) == (("integer",), 1.0, "What it cost.")
    assert total.columns == ("till: amount",)
    assert found.named("property", "order.colour").rules == ("shop #1 text",)
    assert found.named("property", "view.tags").types == ("list",)
    assert not _has(found, "order.cart.tax"), "a mapping would make it, and no row had it"


def _has(found: Catalogue, name: str) -> bool:
    return any(one.name == name for one in found.fields)


def test_a_property_that_was_always_null_was_not_seen(found: Catalogue) -> None:
    assert not _has(found, "view.colour")


def test_examples_are_values_that_several_people_have_in_common(found: Catalogue) -> None:
    assert found.named("property", "order.colour").examples == ("red",)
    assert found.named("property", "order.rare").examples == (), "each is one person's alone"
    assert set(found.named("trait", "plan").examples) == {"free", "pro"}


def test_personal_fields_are_told_by_the_plan_or_suspected_and_show_nothing(found: Catalogue) -> None:
    street, contact = found.named("property", "order.street"), found.named("property", "order.contact")
    assert (street.pii, street.examples) == ("direct", ())
    assert (contact.pii, contact.examples) == ("suspected", ())
    caller = found.named("identifier", "user_id")
    assert caller.is_personal
    assert caller.columns == ("till: who",)


def test_traits_have_the_share_of_people(found: Catalogue) -> None:
    plan = found.named("trait", "plan")
    assert (plan.count, plan.share, plan.columns) == (12, 1.0, ("till: tariff",))


def test_lineage_leads_from_the_source_to_the_destination(found: Catalogue) -> None:
    order = Node("property", "order.cart.total")
    assert Node("source", "till") in found.lineage.origins(order)
    assert [str(one) for one in found.lineage.reached(order)] == [
        "segment:big", "segment:pro", "trigger:thanks", "destination:log",
    ]  # fmt: skip
    assert found.named("trait", "first_name").used_by == ("trigger:thanks", "destination:log")
    assert "trigger:thanks" in found.named("property", "order.voucher").used_by


def test_what_is_read_and_was_never_sent_is_missing_and_what_nobody_reads_is_unused(found: Catalogue) -> None:
    missing = {one.name for one in found.where(usage="missing")}
    assert {"chekout", "first_name", "order.voucher"} <= missing
    unused = {one.name for one in found.where("property", usage="unused")}
    assert {"order.colour", "order.street"} <= unused
    assert "order.cart.total" not in unused


def test_entries_are_found_by_words_and_by_name(found: Catalogue) -> None:
    assert {one.name for one in found.where(word="SHOP team")} >= {"order"}
    assert [one.kind for one in found.called("order")] == ["event"]
    assert found.called("trait:plan") == (found.named("trait", "plan"),)
    with pytest.raises(NotFound, match=r"did you mean 'order\.colour'"):
        found.called("order.color")


def test_a_catalogue_is_kept_for_a_while(shop: Project) -> None:
    kept = Catalogues(shop)
    assert kept.read() is kept.read()
    assert kept.read(is_new=True) is kept.read()


def test_an_empty_project_has_a_catalogue_of_what_it_defines(tmp_path: Path) -> None:
    found = catalogue_of(project(tmp_path / "shop", {"big": BIG}))
    assert [(one.kind, one.name) for one in found.fields] == [
        ("event", "order"), ("property", "order.cart.total"), ("segment", "big"),
    ]  # fmt: skip


def test_of_a_long_log_properties_are_counted_on_a_sample_that_stands_for_all(tmp_path: Path) -> None:
    made = project(tmp_path / "shop", {"big": BIG})
    (made.root / "coterie.yaml").write_text("name: test\nlimits: {catalogue_rows_max: 500}\n")
    told = (
        {"event_id": f"e{n}", "name": "seen", "properties": '{"a":1}' if n % 2 else '{"b":"x"}'} for n in range(4_000)
    )
    made.events.append(conform(rows(*(at(1, **one) for one in told))))
    found = catalogue_of(Project(made.root))
    assert found.named("event", "seen").count == 4_000, "events are counted exactly"
    assert 350 < found.looked < 650
    for name, kind in (("seen.a", "integer"), ("seen.b", "text")):
        one = found.named("property", name)
        assert one.types == (kind,)
        assert 1_600 < one.count < 2_400
        assert one.share == pytest.approx(0.5, abs=0.1)
    assert "properties are counted on" in found.says()
