"""The published schema accepts what the language accepts, and refuses what it can."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from coterie.segments.conditions import CONDITIONS
from coterie.segments.parse.text import read
from coterie.segments.schema import json_schema, schema_text
from tests.conftest import ROOT
from tests.segments.parse.random_definitions import random_definition

VALIDATOR = Draft202012Validator(json_schema())
EXAMPLES = [
    pytest.param({word: example.data}, id=f"{word}-{number}")
    for word, kind in CONDITIONS.items()
    for number, example in enumerate(kind.examples)
]
EVENT = {"event": "x"}
BROKEN: dict[str, Any] = {
    "unknown condition": {"dod": EVENT},
    "two conditions": {"did": EVENT, "did_not": EVENT},
    "no condition": {},
    "list for a condition": [{"did": EVENT}],
    "unknown key": {"did": {**EVENT, "wthin": "24h"}},
    "no event": {"did": {"within": "24h"}},
    "event and pattern": {"did": {**EVENT, "like": "a*"}},
    "bad duration": {"did": {**EVENT, "within": "24 hours"}},
    "duration 0": {"did": {**EVENT, "within": "0s"}},
    "two windows": {"did": {**EVENT, "within": "24h", "during": {"calendar": "day"}}},
    "window and before": {"did": {**EVENT, "within": "24h", "before": "2026-01-01"}},
    "exactly and at least": {"did": {**EVENT, "exactly": 1, "at_least": 1}},
    "at least 0": {"did": {**EVENT, "at_least": 0}},
    "instant without offset": {"did": {**EVENT, "after": "2026-01-01T10:00"}},
    "pair of one": {"did": {**EVENT, "between_ago": ["7d"]}},
    "where without operator": {"did": {**EVENT, "where": {"a": {}}}},
    "where with a list": {"did": {**EVENT, "where": {"a": [1]}}},
    "no operator": {"trait": {"name": "x"}},
    "no name": {"trait": {"equals": 1}},
    "empty text": {"trait": {"name": "x", "equals": ""}},
    "null": {"trait": {"name": "x", "equals": None}},
    "missing false": {"trait": {"name": "x", "missing": False}},
    "missing and exists": {"trait": {"name": "x", "missing": True, "exists": True}},
    "empty in": {"trait": {"name": "x", "in": []}},
    "bad version": {"trait": {"name": "x", "version": {"at_least": "2.1"}}},
    "latitude": {"trait": {"name": "x", "near": {"lat": 91, "lon": 0, "within_m": 1}}},
    "two dates": {"date": {"trait": "x", "is": "today", "within": "1d"}},
    "date word": {"date": {"trait": "x", "is": "someday"}},
    "number operator for a value": {"aggregate": {"kind": "sum", "property": "p", **EVENT, "contains": "a"}},
    "trait bound for a value": {"aggregate": {"kind": "first", "property": "p", **EVENT, "at_least": {"trait": "t"}}},
    "text for a number": {"aggregate": {"kind": "sum", "property": "p", **EVENT, "equals": "5"}},
    "aggregate without bound": {"aggregate": {"kind": "count", **EVENT}},
    "unknown kind": {"aggregate": {"kind": "avg", "property": "p", **EVENT, "at_least": 5}},
    "no silence": {"stopped": {**EVENT, "active_within": "7d"}},
    "percent above 100": {"bucket": {"percent": 101, "salt": "a"}},
    "no salt": {"bucket": {"percent": 50}},
    "score of 6": {"rfm": {**EVENT, "recency": [4, 6]}},
    "top by nothing": {"top": {"percent": 10}},
    "empty all": {"all": []},
    "segment key": {"in_segment": "Other Key"},
    "no default": {"consented": {"purpose": "x"}},
}


def is_valid(when: Any, **fields: Any) -> bool:
    return VALIDATOR.is_valid({"key": "a", "when": when, **fields})


def test_is_a_schema() -> None:
    Draft202012Validator.check_schema(json_schema())


def test_published_copy_is_fresh() -> None:
    published = (ROOT / "docs" / "segment.schema.json").read_text(encoding="utf-8")
    assert published == schema_text(), "stale: run `python -m coterie.segments.schema`"
    assert json.loads(published) == json_schema()


@pytest.mark.parametrize("when", EXAMPLES)
def test_examples_are_valid(when: dict[str, Any]) -> None:
    assert not list(VALIDATOR.iter_errors({"key": "a", "when": when}))


@pytest.mark.parametrize("file", sorted((ROOT / "examples" / "segments").glob("*.yaml")), ids=lambda file: file.stem)
def test_example_files_are_valid_and_name_the_schema(file: Any) -> None:
    text = file.read_text(encoding="utf-8")
    assert not list(VALIDATOR.iter_errors(read(text).data))
    line = text.splitlines()[0]
    assert line.startswith("# yaml-language-server: $schema=")
    assert (file.parent / line.partition("=")[2]).is_file()


@pytest.mark.parametrize("word", list(CONDITIONS))
@pytest.mark.parametrize("seed", range(3))
def test_what_parses_is_valid(word: str, seed: int) -> None:
    data = random_definition(random.Random(seed), word)
    assert not list(VALIDATOR.iter_errors(data))


@pytest.mark.parametrize("name", list(BROKEN))
def test_broken_conditions_are_not(name: str) -> None:
    assert not is_valid(BROKEN[name])


@pytest.mark.parametrize(
    "fields",
    [
        {"key": "A b"},
        {"version": 0},
        {"version": "1"},
        {"universe": "some"},
        {"refresh": "daily"},
        {"refresh": {"every": "1d", "cron": "0 3 * * *"}},
        {"tags": "a"},
        {"manual": "yes"},
        {"colour": "red"},
    ],
)
def test_broken_fields_are_not(fields: dict[str, Any]) -> None:
    assert is_valid({"everyone": {}})
    assert not is_valid({"everyone": {}}, **fields)


def test_a_rule_is_needed() -> None:
    assert not VALIDATOR.is_valid({"key": "a"})
    assert not VALIDATOR.is_valid({"when": {"everyone": {}}})
