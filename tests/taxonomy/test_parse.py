"""Plans as files: everything that is wrong is told at once, and whatever is accepted can be compiled."""

from __future__ import annotations

import pytest

from coterie.errors import InvalidDefinition
from coterie.segments.parse import data_of, yaml_text
from coterie.taxonomy.checker import Checker
from coterie.taxonomy.parse import event_of, plan_of
from tests.taxonomy.plans import ORDER, plan

WRONG = {
    "type: text": "not one of the allowed words",
    "type: number, minimum: 2, maximum: 1": "the range is empty",
    "type: string, minimum: 2": "minimum says nothing about this type",
    "type: integer, enum: [1, 2.5]": "a value of another type",
    "type: object, schema: {properties: {city: {}}}": "properties are flat",
    "pattern: '[[:alpha:]]'": "mean another thing in JSON Schema",
    "pattern: 'x{,2}'": "JSON Schema does not take it",
    "pattern: '(?=x)'": "not an RE2 expression",
    "type: number, multipleOf: 0": "JSON Schema does not take it",
    "minLength: -1": "out of range",
    "schema: {type: strin}": "not a JSON Schema",
    "items: {$ref: 'https://example.org/x.json'}": "not a JSON Schema",
    "requird: true": "did you mean 'required'?",
    "pii: secret": "not one of the allowed words",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(InvalidDefinition) as told:
        plan(f"event: e\nproperties:\n  p: {{{text}}}\n")
    assert WRONG[text] in str(told.value)
    assert "event-0.yaml:3: properties.p" in str(told.value)


def test_all_problems_of_all_files_are_told_at_once() -> None:
    files = [
        ("tracking/a.yaml", "event: order\nversion: x\n"), ("tracking/b.yaml", "event: $merge\n"),
        ("tracking/c.yaml", "properties: {}\n"), ("tracking/plan.yaml", "on_violation: explode\n"),
        ("tracking/d.yaml", "event: twice\n"), ("tracking/e.yaml", "event: twice\n"),
    ]  # fmt: skip
    with pytest.raises(InvalidDefinition) as told:
        plan_of(files)
    found = [one.where.partition(":")[0] for one in told.value.problems]
    assert set(found) == {file for file, _ in files if not file.endswith("d.yaml")}


def test_an_event_reads_back_as_it_was_written() -> None:
    one = plan().events["order_completed"]
    text = yaml_text(data_of(one))
    assert plan(text).events["order_completed"] == one
    assert event_of(data_of(one)) == one
    assert text.splitlines()[0] == ORDER.splitlines()[0]


def test_an_empty_event_is_a_plan_too() -> None:
    checker = Checker(plan("event: e\n").events["e"])
    assert checker.holds({})
    assert [one.kind for one in checker.violations({"a": 1})] == ["unknown property"]
