"""What exists is documented, and what is documented exists."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
import yaml

from coterie.connectors.mapping import FORMATS, TYPES, Mapping
from coterie.connectors.mapping_file import OPERATORS, parse_mapping
from coterie.limits import DEFAULT, Limits
from tests.docs.blocks import ROOT, blocks, pages

DOCS = ROOT / "docs"
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def _text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("field", [field.name for field in msgspec.structs.fields(Limits)])
def test_every_limit_is_documented_with_its_value(field: str) -> None:
    row = next((line for line in _text("semantics.md").splitlines() if line.startswith(f"| `{field}` |")), "")
    assert row, f"no row for {field}"
    assert f"{getattr(DEFAULT, field):,}" in row


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    targets = [target for target in _LINK.findall(page.read_text(encoding="utf-8")) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_every_page_is_in_the_index() -> None:
    index = _text("README.md") + _text("decisions/README.md")
    for page in DOCS.rglob("*.md"):
        if page.name != "README.md":
            assert f"({page.relative_to(DOCS).as_posix()})" in index or f"({page.name})" in index, page


@pytest.mark.parametrize("place", range(2))
def test_mappings_of_the_page_are_valid_and_show_every_field(place: int) -> None:
    shown = [yaml.safe_load(block.text) for block in blocks(DOCS / "mappings.md") if block.language == "yaml"]
    assert parse_mapping(shown[place]).source == shown[place]["source"]


def test_every_word_of_a_mapping_is_on_its_page() -> None:
    text = _text("mappings.md")
    words = (*FORMATS, *TYPES, *OPERATORS, *(field.name for field in msgspec.structs.fields(Mapping)))
    assert [word for word in words if word not in ("layout",) and not re.search(rf"\b{word}\b", text)] == []
