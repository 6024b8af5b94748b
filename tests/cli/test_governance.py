"""``coterie standards`` and ``coterie catalogue``, as somebody at a terminal meets them."""

from __future__ import annotations

import pytest

from tests.cli.running import Shell

RULES = """\
key: shop
owner: data
rules:
  - {trait: country, country: name}
  - {property: category, vocabulary: {terms: {fabrics: [textile]}}, otherwise: quarantine}
"""


@pytest.fixture
def ruled(shell: Shell) -> Shell:
    (shell.folder / "governance").mkdir()
    (shell.folder / "governance" / "shop.yaml").write_text(RULES)
    return shell


def test_rules_are_listed(ruled: Shell) -> None:
    assert [(one["of"], one["kind"]) for one in ruled.json("standards")] == [
        (["trait country"], "country"), (["category"], "vocabulary"),
    ]  # fmt: skip
    assert "trait country" in ruled("standards").out


def test_a_project_without_rules_says_where_to_write_them(reading: Shell) -> None:
    assert "governance/<key>.yaml" in reading("standards").out


def test_rules_are_tried_on_one_event(ruled: Shell) -> None:
    (one,) = ruled.json("standards", "try", "--event", "$identify", "-p", "country=no", "-p", "age=5")
    assert one["changes"] == [{"name": "country", "received": "no", "value": "Norway"}]
    shown = ruled("standards", "try", "--event", "view", "-p", "category=TEXTILE").out
    assert "category: TEXTILE → fabrics" in shown
    assert "quarantine" in ruled("standards", "try", "--event", "view", "-p", "category=wood").out
    assert ruled("standards", "try", "--event", "view", "-p", "category").code == 2


def test_rules_are_tried_on_the_log_and_change_nothing_in_it(ruled: Shell) -> None:
    before = ruled.json("catalogue", "show", "trait:country")
    trials = ruled.json("standards", "try", "--newest", "400")
    assert {one["event"] for one in trials} >= {"$identify", "product_viewed"}
    assert "would be changed" in ruled("standards", "try", "--newest", "400").err
    assert ruled.json("catalogue", "show", "trait:country")[0]["field"]["count"] == before[0]["field"]["count"]


def test_what_came_in_was_made_normal_and_counted(ruled: Shell) -> None:
    row = "2026-03-06 10:00,c999,product_viewed,rug,textile,,,SE,free"
    header = (ruled.folder / "data" / "shop.csv").read_text().splitlines()[0]
    (ruled.folder / "data" / "more.csv").write_text(f"{header}\n{row}\n{row.replace('textile', 'wood')}\n")
    done = ruled.json("ingest", str(ruled.folder / "data" / "more.csv"), "--map", "shop")
    assert done["reasons"] == {"not in the vocabulary": 1}
    found = {(one["kind"], one["property"]) for one in ruled.json("standards", "remarks")}
    assert found == {("made normal", "country"), ("made normal", "category")}
    assert "textile → fabrics" in ruled("standards", "remarks").out


def test_wrong_rules_are_told_by_validate(ruled: Shell) -> None:
    assert "1 standard" in ruled("validate").out
    (ruled.folder / "governance" / "shop.yaml").write_text("key: shop\nrules:\n  - {property: a, unit: bananas}\n")
    done = ruled("validate")
    assert done.code == 2
    assert "no such unit" in " ".join(done.out.split()), "a long path makes the line break anywhere"


def test_the_catalogue_lists_finds_and_narrows(reading: Shell) -> None:
    found = reading.json("catalogue")
    assert found["people"] == 40
    kinds = {one["kind"] for one in found["fields"]}
    assert kinds == {"event", "property", "trait", "identifier", "segment"}
    assert all(one["used_by"] for one in reading.json("catalogue", "--usage", "used")["fields"])
    missing = {one["name"] for one in reading.json("catalogue", "--usage", "missing")["fields"]}
    assert "consent.marketing" in missing
    shown = reading("catalogue", "--kind", "event", "--find", "cart").out
    assert "add_to_cart" in shown
    assert "order_completed" not in shown


def test_one_entry_tells_where_it_comes_from_and_goes_to(reading: Shell) -> None:
    (one,) = reading.json("catalogue", "show", "plan")
    assert one["comes_from"] == ["source:shop", "event:$identify"]
    assert one["goes_to"] == ["features:shoppers", "segment:nordic-plus"]
    assert one["field"]["columns"] == ["shop: plan"]
    assert "segment:nordic-plus" in reading("catalogue", "show", "plan").out
    unknown = reading("catalogue", "show", "plam")
    assert unknown.code == 3
    assert "did you mean 'plan'" in unknown.err


def test_the_catalogue_is_written_as_a_page(shell: Shell) -> None:
    file = shell.folder / "catalogue.html"
    assert shell.json("catalogue", "page", str(file))["entries"] > 20
    text = file.read_text()
    assert text.startswith("<!doctype html>")
    assert "add_to_cart.value" in text
