"""Random definitions built from the forms' own annotations, so that every field of every condition occurs."""

from __future__ import annotations

import random
from typing import Any

from coterie.errors import InvalidDefinition
from coterie.segments.conditions import CONDITIONS
from coterie.segments.conditions.form import Form
from coterie.segments.definition import Segment
from coterie.segments.parse import parse
from coterie.segments.parse.slots import Kind, kinds, slots

WORDS = {
    "a duration": ("24h", "1d", "90s", "3w"),
    "an instant": ("2026-01-01", "2026-02-03T04:05:06Z", "2026-03-04T05:06:07.5+02:00"),
    "a time zone": ("UTC", "Europe/Oslo"),
    "a name pattern": ("TEST_*", "?"),
    "a name": ("a", "b c", "$set", "yes", "1"),
    "a segment key": ("other", "x-1"),
    "a list key": ("vip", "Newsletter_1"),
    "a regular expression": ("^a+$", "[0-9]{2}"),
    "a semantic version": ("1.2.3", "2.0.0-rc.1"),
    "a salt": ("x7f3", "0150"),
    "a cron line": ("0 3 * * *",),
    "text": ("pro", "no", "1", "2026-01-01", "é'\""),
}


def random_definition(rng: random.Random, word: str) -> dict[str, Any]:
    """Return the data of a definition that parses and whose rule is a condition ``word``: drawn until there is one."""
    while True:
        data = {**_form(rng, Segment, 3), "when": {word: _body(rng, word, 1)}}
        try:
            parse(data)
        except InvalidDefinition:
            continue
        return data


def _form(rng: random.Random, form: type[Form], depth: int) -> dict[str, Any]:
    data: dict[str, Any] = {}
    off = set(form.switch.cases) - {rng.choice(list(form.switch.cases))} if form.switch is not None else set()
    for slot in slots(form):
        if slot.name in off:
            continue
        if slot.spread is not None:
            data = _form(rng, slot.spread, depth) | data
        elif slot.required or rng.random() < 0.15:
            data[slot.key] = _value(rng, rng.choice(kinds(slot.annotation)), depth)
    return data


def _value(rng: random.Random, kind: Kind, depth: int) -> Any:
    if kind.is_condition:
        return _condition(rng, depth + 1)
    if kind.literals:
        return rng.choice(kind.literals)
    if kind.form is not None:
        return _form(rng, kind.form, depth)
    if kind.mapping:
        return {rng.choice(WORDS["a name"]): _value(rng, rng.choice(kinds(kind.mapping[1])), depth + 1)}
    if kind.is_list:
        count = len(kind.items) if not kind.is_open_list else rng.randint(1, 2)
        return [_value(rng, rng.choice(kinds(kind.items[0])), depth) for _ in range(count)]
    if kind.word is not None and kind.word.name in WORDS:
        return rng.choice(WORDS[kind.word.name])
    if kind.base is bool:
        return rng.random() < 0.5
    return rng.choice((1, 2, 5)) if kind.base is int else rng.choice((1, 2.5, 40)) if kind.base is float else "text"


def _condition(rng: random.Random, depth: int) -> dict[str, Any]:
    leaves = [word for word in CONDITIONS if word not in ("all", "any", "none", "not", "at_least_of")]
    word = rng.choice(leaves if depth > 2 else list(CONDITIONS))
    return {word: _body(rng, word, depth)}


def _body(rng: random.Random, word: str, depth: int) -> Any:
    kind = CONDITIONS[word]
    if kind.bare:
        return _value(rng, kinds(slots(kind)[0].annotation)[0], depth)
    return _form(rng, kind, depth)
