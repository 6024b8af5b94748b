"""What exists is documented, and what is documented exists."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

import msgspec
import pytest
import yaml

from coterie.aggregates import KINDS
from coterie.cli.commands import COMMANDS
from coterie.connectors.mapping import FORMATS, TYPES, Mapping
from coterie.connectors.mapping_file import OPERATORS, parse_mapping
from coterie.lab import Shop
from coterie.lab.catalogue import EVENT_NAMES
from coterie.lab.people import TYPES as PEOPLE
from coterie.limits import DEFAULT, Limits
from coterie.model import Cause
from coterie.segments.conditions import CONDITIONS
from coterie.settings import SECTIONS, Settings
from coterie.web.api.application import document_text
from coterie.web.metrics import METRICS
from tests.docs.blocks import ROOT, blocks, pages
from tests.docs.generate import GENERATED

INSIDE = frozenset({"count", "repeats", "first_at", "latest_at"})
"""Kinds of aggregate that people reach through `did`, `same:` and `first_time`, not by name."""
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
    shown = [yaml.safe_load(block.text) for block in blocks(DOCS / "ingest.md") if block.language == "yaml"]
    assert parse_mapping(shown[place]).source == shown[place]["source"]


def test_every_word_of_a_mapping_is_on_its_page() -> None:
    text = _text("ingest.md")
    words = (*FORMATS, *TYPES, *OPERATORS, *(field.name for field in msgspec.structs.fields(Mapping)))
    assert [word for word in words if word not in ("layout",) and not re.search(rf"\b{word}\b", text)] == []


@pytest.mark.parametrize("name", GENERATED)
def test_generated_pages_are_up_to_date(name: str, tmp_path: Path) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    GENERATED[name](str(tmp_path / name))
    assert (tmp_path / name).read_text(encoding="utf-8") == _text(name), "run `make docs`"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_its_place(command: str) -> None:
    assert f"## `coterie {command}`" in _text("cli.md")


@pytest.mark.parametrize("word", CONDITIONS)
def test_every_condition_has_its_place(word: str) -> None:
    assert f"### `{word}`" in _text("language.md")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_aggregate_kind_is_named(kind: str) -> None:
    assert re.search(rf"\b{kind}\b", _text("language.md")) or kind in INSIDE


@pytest.mark.parametrize("field", [field.name for field in msgspec.structs.fields(Settings)])
def test_every_setting_is_documented(field: str) -> None:
    assert f"`{field}`" in _text("settings.md")


@pytest.mark.parametrize("section", [name for name in SECTIONS if name != "limits"])
def test_every_field_of_a_section_is_documented_with_its_default(section: str) -> None:
    part = _text("settings.md").partition(f"## `{section}`")[2].partition("\n## ")[0]
    for field in msgspec.structs.fields(SECTIONS[section]):
        row = next((line for line in part.splitlines() if line.startswith(f"| `{field.name}` |")), "")
        assert row, f"no row for {section}.{field.name}"
        default = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
        default = default[0] if default == ("*",) else default
        told = json.dumps(default) if isinstance(default, bool | dict | tuple | list) else f"{default}"
        assert not told or f"`{told}` |" in row, f"{section}.{field.name} is {told}"


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_is_documented(name: str) -> None:
    assert f"| `{name}` | {METRICS[name][0]} |" in _text("serve.md")


def test_every_endpoint_is_documented() -> None:
    pages = "".join(_text(page) for page in ("api.md", "serve.md", "collect.md", "security.md", "browser.md"))
    document = json.loads(document_text())
    missing = [path for path in document["paths"] if path not in pages]
    assert [path for path in missing if path not in _text("openapi.json")] == []
    assert [path for path in ("/healthz", "/readyz", "/metrics") if path not in pages] == []


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_is_documented(cause: Cause) -> None:
    assert f"| `{cause}` |" in _text("semantics.md")


def test_the_lab_page_names_every_type_event_and_option() -> None:
    text = _text("lab.md")
    for kind in PEOPLE:
        assert f"| `{kind.name}` | {kind.share * 100:.0f} % |" in text
    for name in EVENT_NAMES:
        assert f"| `{name}` |" in text
    for option in inspect.signature(Shop).parameters:
        assert f"| `{option}` |" in text
