from __future__ import annotations

from pathlib import Path

import pytest

from coterie.connectors.expression import Expression
from coterie.connectors.mapping_file import load_mapping, parse_mapping
from coterie.errors import InvalidDefinition, NotFound, Problem
from tests.connectors.files import SHOP

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "mappings").glob("*.yaml"))


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_every_example_reads(file: Path) -> None:
    assert load_mapping(file).source


def test_every_mistake_is_told_at_once_with_the_nearest_word() -> None:
    with pytest.raises(InvalidDefinition) as caught:
        parse_mapping(
            {
                "sorce": "shop",
                "profile": {"colum": "who"},
                "occurred_at": {"column": "at", "time_zone": "Mars"},
                "format": "cvs",
                "events": [{"name": "a", "when": {"x": {"start_with": "C"}}}, {"when": {}}],
                "properties": {"a": {"column": "x", "type": "intger"}, "b": {"expression": "x ** 2"}, "c": {}},
            },
            "shop.yaml",
        )
    told = str(caught.value)
    for place in (
        "shop.yaml: source: missing",
        "shop.yaml: sorce: unknown field",
        "did you mean 'source'?",
        "profile.column: missing",
        "did you mean 'column'?",
        "occurred_at.time_zone: unknown time zone",
        "did you mean 'csv'?",
        "events[0].when.x: unknown operator",
        "did you mean 'starts_with'?",
        "events[1].name: not a name of an event",
        "did you mean 'integer'?",
        "properties.b.expression: not allowed in an expression: x ** 2",
        "properties.c: exactly one origin is needed",
    ):
        assert place in told, place
    assert len(caught.value.problems) == 11


def test_a_mapping_that_is_no_yaml_or_no_file(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        load_mapping(tmp_path / "x.yaml")
    (tmp_path / "x.yaml").write_text("a: [")
    with pytest.raises(InvalidDefinition, match="YAML"):
        load_mapping(tmp_path / "x.yaml")
    with pytest.raises(InvalidDefinition, match="a mapping is expected"):
        parse_mapping(["a"])
    with pytest.raises(InvalidDefinition, match="one of the two"):
        parse_mapping({**SHOP, "events": [{"name": "x"}]})


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')",
        "a.b",
        "a[0]",
        "x if y else z",
        "'text'",
        "f(x)",
        "min(a)",
        "a +",
        "True",
        "a == b",
        "lambda: 1",
    ],
)
def test_nothing_but_arithmetic_is_an_expression(text: str) -> None:
    with pytest.raises(Problem):
        Expression(text)


def test_an_expression_is_missing_where_a_column_is_or_the_result_is_no_number() -> None:
    import numpy as np

    expression = Expression("max(`Unit price`, 0) / -n + 1")
    assert expression.columns == ("Unit price", "n")
    result = expression.evaluate({"Unit price": np.array([4.0, np.nan, 1.0]), "n": np.array([2.0, 1.0, 0.0])})
    assert result[0] == -1.0
    assert np.isnan(result[1:]).all()
