"""What the pages show is what the code reads."""

from __future__ import annotations

import re

import pytest
import yaml

from coterie.connectors.destinations.definitions import KINDS
from coterie.connectors.destinations.definitions import parse_text as parse_destination
from coterie.segments.conditions.form import Form
from coterie.segments.parse.slots import slots
from coterie.triggers.parse import parse_text
from tests.docs.blocks import ROOT, Block, blocks
from tests.docs.tables import FORMS

DOCS = ROOT / "docs"


def shown(page: str) -> list[Block]:
    return [block for block in blocks(DOCS / page) if block.language == "yaml"]


@pytest.mark.parametrize("block", shown("triggers.md"), ids=lambda block: str(block.line))
def test_triggers_of_the_page_are_valid(block: Block) -> None:
    assert parse_text(block.text).says()


@pytest.mark.parametrize("block", shown("destinations.md"), ids=lambda block: str(block.line))
def test_destinations_of_the_page_are_valid(block: Block) -> None:
    assert parse_destination(block.text).key


def test_the_page_shows_the_shipped_example_and_its_sentence() -> None:
    file = (ROOT / "examples" / "cart-recovery" / "triggers" / "cart-recovery.yaml").read_text(encoding="utf-8")
    written = yaml.safe_load(file)
    del written["description"]
    assert yaml.safe_load(shown("triggers.md")[0].text) == written
    page = " ".join((DOCS / "triggers.md").read_text(encoding="utf-8").split())
    assert f"*{parse_text(file).says()}*" in page


@pytest.mark.parametrize("form", [form for forms in FORMS.values() for form in forms], ids=lambda form: form.__name__)
def test_every_field_says_what_it_means(form: type[Form]) -> None:
    assert [slot.key for slot in slots(form) if not slot.doc and slot.spread is None] == []


def test_every_kind_of_destination_has_its_place() -> None:
    text = (DOCS / "destinations.md").read_text(encoding="utf-8")
    assert [kind for kind in KINDS if f"| [`{kind}`](#" not in text] == []


def test_answers_of_the_page_are_those_of_the_code() -> None:
    from coterie.connectors.destinations.webhook import RETRIED

    (row,) = re.findall(r"\| ([\d, ]+), 5xx, none \|", (DOCS / "destinations.md").read_text(encoding="utf-8"))
    assert {int(number) for number in row.split(", ")} == RETRIED
