"""Rules in a project: applied on the way in, before identity; tried without keeping anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from coterie.connectors.mapping_file import parse_mapping
from coterie.engine.governance.remarked import remarked
from coterie.engine.governance.standards import said, standardise, standards_of
from coterie.engine.governance.trials import event_of, tried, tried_on_log
from coterie.engine.ingest import ingest
from coterie.engine.project import Project
from coterie.governance.application import MADE
from coterie.governance.standardise import NAME
from coterie.values import parse
from tests.engine.projects import NOW, project

RULES = """\
key: shop
owner: data
rules:
  - {property: country, country: alpha-2, otherwise: quarantine}
  - {property: total, event: order, currency: {to: EUR, rates: ecb.csv}, keep_original: true}
  - {identifier: user_id, text: lower}
"""
MAPPING = {
    "source": "shop", "profile": "who", "occurred_at": {"column": "at"}, "event": "order",
    "properties": {"country": "country", "total": {"column": "total", "type": "number"}, "currency": "currency"},
}  # fmt: skip
CSV = """\
who,at,country,total,currency
Ada,2024-10-01T10:00:00Z,Norway,115,NOK
ADA,2024-10-01T11:00:00Z,NO,10,EUR
bo,2024-10-01T12:00:00Z,Narnia,1,EUR
"""


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    made = project(tmp_path / "shop", {"buyers": "{did: {event: order, within: 30d}}"})
    folder = made.root / "governance"
    folder.mkdir()
    (folder / "shop.yaml").write_text(RULES)
    (folder / "ecb.csv").write_text("Date,NOK\n2024-10-01,11.5\n")
    (made.root / "shop.csv").write_text(CSV)
    return made


def test_a_project_without_rules_has_no_stage(tmp_path: Path) -> None:
    assert standardise(project(tmp_path / "shop", {"buyers": "{did: {event: order, within: 30d}}"})) is None


def test_files_are_made_normal_before_anybody_asks_whose_they_are(shop: Project) -> None:
    done = ingest(shop, [shop.root / "shop.csv"], parse_mapping(MAPPING), now=NOW)
    assert (done.added, done.quarantined) == (2, 1)
    rows = shop.events.scan().to_pylist()
    assert {row["profile"] for row in rows} == {"ada"}, "two spellings of one person are one person"
    assert [parse(row["properties"]) for row in rows] == [
        {"country": "NO", "currency": "EUR", "currency.original": "NOK", "total": 10, "total.original": 115},
        {"country": "NO", "currency": "EUR", "total": 10},
    ]
    (refused,) = shop.quarantine.rows().to_pylist()
    assert (refused["reason"], refused["source"]) == ("not a country", "shop")
    assert parse(refused["row"])["properties"]["country"] == "Narnia"


def test_what_was_made_normal_is_counted_with_the_commit(shop: Project) -> None:
    ingest(shop, [shop.root / "shop.csv"], parse_mapping(MAPPING), now=NOW)
    found = {(one.kind, one.property): one.count for one in remarked(shop, NAME)}
    assert found == {(MADE, "country"): 1, (MADE, "total"): 1, (MADE, "user_id"): 2}
    assert remarked(shop, "another stage") == []


def test_the_same_files_twice_give_the_same_log(shop: Project) -> None:
    ingest(shop, [shop.root / "shop.csv"], parse_mapping(MAPPING), now=NOW)
    again = ingest(shop, [shop.root / "shop.csv"], parse_mapping(MAPPING), now=NOW + 1)
    assert (again.added, again.duplicates) == (0, 2)


def test_rules_are_told_at_a_glance(shop: Project) -> None:
    found = said(standards_of(shop))
    assert [(one.file, one.number, one.of, one.kind, one.events, one.otherwise) for one in found] == [
        ("shop.yaml", 1, ("country",), "country", (), "quarantine"),
        ("shop.yaml", 2, ("total",), "currency", ("order",), "keep"),
        ("shop.yaml", 3, ("identifier user_id",), "text", (), "keep"),
    ]
    assert {one.owner for one in found} == {"data"}


def test_rules_are_tried_on_an_event_and_on_the_log_without_changing_either(shop: Project) -> None:
    one = event_of("order", {"country": "Sweden", "total": "x", "currency": "NOK"}, [("user_id", "Cy")], NOW)
    (trial,) = tried(shop, standards_of(shop), [one], "shop", NOW)
    assert {change.name: (change.received, change.value) for change in trial.changes} == {
        "country": ("Sweden", "SE"), "(user_id)": ("Cy", "cy"),
    }  # fmt: skip
    assert trial.remarks == ("total: not an amount",)
    assert (one.properties["country"], one.identifiers) == ("Sweden", (("user_id", "Cy"),))
    (refused,) = tried(shop, standards_of(shop), [event_of("order", {"country": "Narnia"}, [], NOW)], "shop", NOW)
    assert refused.refused.startswith("not a country")
    ingest(shop, [shop.root / "shop.csv"], parse_mapping(MAPPING), now=NOW)
    before = shop.events.scan()
    assert [one.is_idle for one in tried_on_log(shop, standards_of(shop), 10)] == [True, True], "normal already"
    assert shop.events.scan().equals(before)


def test_a_source_is_meant_by_the_name_of_its_file(shop: Project) -> None:
    (shop.root / "governance" / "shop.yaml").write_text(
        "key: shop\nrules:\n  - {property: a, source: crm, text: upper}\n"
    )
    one = event_of("order", {"a": "x"}, [], NOW)
    for source, changed in (("source:crm", True), ("crm", True), ("source:crm2", False)):
        (trial,) = tried(shop, standards_of(shop), [one], source, NOW)
        assert bool(trial.changes) == changed, source
