"""YAML → definition → YAML loses nothing and invents nothing."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from coterie.segments.conditions import CONDITIONS
from coterie.segments.parse import data_of, load, parse, parse_condition, parse_text, yaml_of, yaml_text
from coterie.segments.parse.text import read
from tests.conftest import ROOT
from tests.segments.parse.random_definitions import random_definition

FOLDERS = [ROOT / "examples" / "segments", ROOT / "src" / "coterie" / "lab" / "segments"]
FILES = [file for folder in FOLDERS for file in sorted(folder.glob("*.yaml"))]
EXAMPLES = [
    pytest.param({word: example.data}, id=f"{word}-{number}")
    for word, kind in CONDITIONS.items()
    for number, example in enumerate(kind.examples)
]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_files_come_back(file: Path) -> None:
    (segment,) = load(file)
    written = read(file.read_text(encoding="utf-8"), str(file)).data
    assert data_of(segment) == written
    assert parse_text(yaml_of(segment)) == segment


@pytest.mark.parametrize("data", EXAMPLES)
def test_conditions_come_back(data: dict[str, Any]) -> None:
    condition = parse_condition(data)
    assert data_of(condition) == data
    assert parse_condition(read(yaml_text(data)).data) == condition


@pytest.mark.parametrize("word", list(CONDITIONS))
@pytest.mark.parametrize("seed", range(8))
def test_random_definitions_come_back(word: str, seed: int) -> None:
    data = random_definition(random.Random(seed), word)
    segment = parse(data)
    assert data_of(segment) == data
    text = yaml_of(segment)
    assert read(text).data == data
    assert yaml_of(parse_text(text)) == text
    assert parse_text(json.dumps(data), "x.json") == segment


@pytest.mark.parametrize("word", list(CONDITIONS))
def test_other_yaml_readers_read_the_same(word: str) -> None:
    data = random_definition(random.Random(word), word)
    assert yaml.safe_load(yaml_text(data)) == data


def test_written_form_is_kept() -> None:
    text = "key: a\nversion: 1\nmanual: false\nwhen:\n  did: {event: x, within: 24h, at_least: 1}\n"
    assert yaml_of(parse_text(text)) == text
    assert data_of(parse_text(text.replace("24h", "1d")))["when"]["did"]["within"] == "1d"


def test_nothing_is_invented() -> None:
    assert yaml_of(parse({"key": "a", "when": {"everyone": {}}})) == "key: a\nwhen:\n  everyone: {}\n"


@pytest.mark.parametrize(
    "value", ["yes", "NO", "on", "true", "null", "~", "", "1", "1.5", "1e5", "0150", "1_000", "12:30", "2026-01-01",
              " x ", "a: b", "# no", "- x", "é", "line\nbreak", "tab\t", "'", '"', "=", "<<", ".inf", "0x1F", "{", "*a"]
)  # fmt: skip
def test_any_text_survives(value: str) -> None:
    data = {"trait": {"name": "t", "in": ["x", value]}}
    text = yaml_text(data)
    assert read(text).data == data
    assert yaml.safe_load(text) == data
