"""What expressions and formulas are, worked out by hand; fifths where many are equal."""

from __future__ import annotations

import math

import numpy as np
import pytest

from coterie.features.expressions import Call, Constant, Expression, Fifth, Measured, Program, call, truth
from coterie.features.formulas import expression_of, names_of
from coterie.segments import core
from coterie.segments.conditions.thresholds import FIFTHS, cuts_above

A, B = Measured(core.Trait("a")), Measured(core.Trait("b"))


def value(expression: Expression, a: float = math.nan, b: float = math.nan) -> float:
    program = Program((expression, A, B))
    order = {"a": a, "b": b}
    row = [order[term.name] for term in program.terms if isinstance(term, core.Trait)]
    return float(program.run(np.array([row]))[0][0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + b * 2", 10.0),
        ("(a + b) * 2", 14.0),
        ("-a - -b", -1.0),
        ("a / b", 4 / 3),
        ("a / (b - 3)", math.nan),
        ("min(a, b) + max(a, b) * 10", 43.0),
        ("floor(a / b) + abs(-b)", 4.0),
        ("sqrt(a)", 2.0),
        ("sqrt(-a)", math.nan),
        ("log1p(b)", math.log1p(3)),
        ("log1p(-2)", math.nan),
        ("exp(a * 1000)", math.nan),
        ("fill(a / 0, b)", 3.0),
        ("a + missing", math.nan),
        ("fill(missing, 7)", 7.0),
        ("+a", 4.0),
        ("1e2", 100.0),
    ],
)
def test_a_formula_is_what_arithmetic_says(text: str, expected: float) -> None:
    found = value(expression_of(text, {"a": A, "b": B, "missing": call("divide", A, 0.0)}), 4.0, 3.0)
    assert math.isnan(found) if math.isnan(expected) else found == expected


def test_the_names_of_a_formula_are_those_of_features() -> None:
    assert names_of("min(a, fill(b, a)) / c2") == ("a", "b", "c2")


def test_logic_is_arithmetic() -> None:
    def leaf(name: str) -> core.Holds:
        return core.Holds(core.Trait(name), core.Exists())

    node = core.All(
        (leaf("x"), core.Any((leaf("y"), core.Not(leaf("z")))), core.AtLeast(2, (leaf("x"), leaf("y"), leaf("z"))))
    )
    program = Program((truth(node), truth(core.ALWAYS), truth(core.NEVER)))
    assert len(program.terms) == 3
    for bits in range(8):
        x, y, z = (bool(bits & 1), bool(bits & 2), bool(bits & 4))
        told = {"x": x, "y": y, "z": z}
        row = [
            float(told[term.term.name])
            for term in program.terms
            if isinstance(term, core.Holds) and isinstance(term.term, core.Trait)
        ]
        found, always, never = (float(one[0]) for one in program.run(np.array([row])))
        assert found == float(x and (y or not z) and x + y + z >= 2)
        assert (always, never) == (1.0, 0.0)


def test_equal_terms_are_measured_once_and_true_is_not_one() -> None:
    one, truth_, text = (Measured(core.Holds(core.Trait("t"), core.Equals(v))) for v in (1, True, "1"))
    assert len(Program((one, truth_, text, one)).terms) == 3
    shared = call("add", A, B)
    assert len(Program((shared, call("multiply", shared, shared), Call("add", (A, B))))._steps) == 4


def test_scores_count_the_cuts_that_are_reached() -> None:
    cuts = (1.0, 2.0, 4.0, 8.0)
    rising, falling = Fifth("f", A, cuts), Fifth("r", A, cuts, falling=True)
    assert [value(rising, x) for x in (0, 1, 2, 3, 8, 99)] == [1, 2, 3, 3, 5, 5]
    assert [value(falling, x) for x in (0, 1, 2, 3, 8, 99)] == [5, 4, 3, 3, 1, 1]
    assert math.isnan(value(rising))
    assert math.isnan(value(Fifth("f", A, ()), 3.0))
    assert math.isnan(value(Fifth("f", A), 3.0))
    assert value(Constant(2.0)) == 2.0


def test_fifths_lie_above_ties() -> None:
    assert cuts_above([], FIFTHS) == ()
    assert cuts_above(list(range(1, 11)), FIFTHS) == (3, 5, 7, 9)
    many = [1.0] * 35 + [2.0] * 20 + [3.0] * 10 + [4.0] * 15 + [9.0] * 20
    assert cuts_above(many, FIFTHS) == (2.0, 3.0, 4.0, 9.0)
    alike = cuts_above([7.0] * 10, FIFTHS)
    assert all(cut > 7.0 for cut in alike), "nobody is above the others"
    assert cuts_above([0.0] * 9 + [5.0], FIFTHS) == (5.0, 5.0, 5.0, 5.0)
