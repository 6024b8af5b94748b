"""Damaged definitions: whatever is written, it is either a definition that works or one refused with reasons."""

from __future__ import annotations

import copy
import random
from contextlib import suppress
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from coterie.errors import InvalidDefinition, NotFound
from coterie.segments.conditions import CONDITIONS
from coterie.segments.definition import Segment
from coterie.segments.parse import data_of, parse, parse_text, yaml_text
from coterie.segments.schema import json_schema
from tests.segments.parse.random_definitions import random_definition

VALIDATOR = Draft202012Validator(json_schema())
JUNK: list[Any] = [
    *(None, True, False, 0, -1, 1, 2.5, 1e300, float("nan"), float("inf"), 10**30, 10**400),
    *(
        "",
        " ",
        "x",
        "24h",
        "0s",
        "-1d",
        "2026-01-01",
        "9999-99-99",
        "*",
        "$x",
        "[",
        "(?=a)",
        "1.2.3",
        "UTC",
        "any",
        "\x00",
        "é",
    ),
    *(
        [],
        [None],
        [[]],
        ["24h", "1h"],
        [1, 2, 3],
        {},
        {"": 1},
        {"x": {}},
        {"equals": 1},
        {"event": "x"},
        {5: 5},
        {None: None},
    ),
    *({"did": {"event": "x"}}, [{"everyone": {}}], {"trait": "x"}),
]


def spots(data: Any) -> list[tuple[Any, Any]]:
    """Return every (container, key) inside ``data``."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [spot for key, value in items for spot in [(data, key), *spots(value)]]


def damaged(rng: random.Random, data: dict[str, Any]) -> dict[str, Any]:
    data = copy.deepcopy(data)
    for _ in range(rng.randint(1, 2)):
        container, key = rng.choice(spots(data) or [(data, "key")])
        way = rng.random()
        if way < 0.6:
            container[key] = copy.deepcopy(rng.choice(JUNK))
        elif way < 0.8:
            container.pop(key)
        elif isinstance(container, dict):
            words = [
                "within",
                "at_least",
                "for",
                "same",
                "before",
                "like",
                "time_zone",
                "missing",
                "during",
                "exactly",
                "no",
            ]
            container[rng.choice(words)] = copy.deepcopy(rng.choice(JUNK))
        else:
            container.append(copy.deepcopy(rng.choice(JUNK)))
    return data


def works(segment: Segment) -> bool:
    """Return whether an accepted definition can be said, written, read again and lowered."""
    assert segment.says().endswith(".")
    assert parse(data_of(segment)) == segment
    needs_thresholds = bool(segment.measures())
    with suppress(*([NotFound] if needs_thresholds else [])):
        segment.lower()
    return True


@pytest.mark.parametrize("word", list(CONDITIONS))
def test_damaged_data_is_refused_or_works(word: str) -> None:
    rng = random.Random(word)
    refused = 0
    for _ in range(60):
        data = damaged(rng, random_definition(rng, word))
        try:
            segment = parse(data)
        except InvalidDefinition as error:
            refused += bool(error.problems) and all(problem.what for problem in error.problems)
        else:
            assert works(segment)
            assert not list(VALIDATOR.iter_errors(data))
    assert refused > 10


@pytest.mark.parametrize("word", list(CONDITIONS))
def test_damaged_text_is_refused_or_works(word: str) -> None:
    rng = random.Random(word)
    where: list[str] = []
    for _ in range(25):
        text = list(yaml_text(random_definition(rng, word)))
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(text))
            text[at : at + rng.randint(0, 3)] = rng.choice(
                ["", " ", "\n", "\t", ":", "-", "{", "}", "[", "&a", "*a", "!", "#", "'", "0", "\x07"]
            )
        try:
            segment = parse_text("".join(text), "a.yaml")
        except InvalidDefinition as error:
            where += [problem.where for problem in error.problems]
        else:
            assert works(segment)
    assert where
    assert all(one.startswith("a.yaml") for one in where)
