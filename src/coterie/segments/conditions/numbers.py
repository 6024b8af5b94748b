"""Bounds on a number that was computed from events; each bound is a number, or a trait that holds one."""

from __future__ import annotations

from typing import Annotated, ClassVar

from coterie.segments import core
from coterie.segments.conditions.form import Check, Choice, Flaw, Form
from coterie.segments.conditions.operators import between_flaw, bounds_flaw
from coterie.segments.conditions.speech import figure, listed, named
from coterie.segments.conditions.words import Doc, Name, Number


class TraitNumber(Form, frozen=True, kw_only=True):
    """The number in a trait of the same person."""

    trait: Annotated[Name, Doc("Name of the trait.")]


def _number_bounds(at_least: object, greater_than: object, at_most: object, less_than: object) -> Flaw | None:
    plain = [
        bound if isinstance(bound, int | float) else None for bound in (at_least, greater_than, at_most, less_than)
    ]
    return bounds_flaw(*plain)


class NumberOperators(Form, frozen=True, kw_only=True):
    """Bounds that must all hold."""

    spread: ClassVar[bool] = True
    choices: ClassVar[tuple[Choice, ...]] = (
        Choice(
            tuple(
                (n,) for n in ("equals", "not_equals", "at_least", "at_most", "greater_than", "less_than", "between")
            ),
            least=1,
            most=7,
            hint="say what the number must be, such as at_least: 5",
        ),
        Choice((("at_least",), ("greater_than",), ("between",), ("equals",)), hint="keep one lower bound"),
        Choice((("at_most",), ("less_than",), ("between",), ("equals",)), hint="keep one upper bound"),
    )
    checks: ClassVar[tuple[Check, ...]] = (
        Check(("between",), between_flaw),
        Check(("at_least", "greater_than", "at_most", "less_than"), _number_bounds),
    )

    equals: Annotated[Number | TraitNumber | None, Doc("The same number.")] = None
    not_equals: Annotated[Number | TraitNumber | None, Doc("Another number, or none.")] = None
    at_least: Annotated[Number | TraitNumber | None, Doc("This number or more.")] = None
    at_most: Annotated[Number | TraitNumber | None, Doc("This number or less.")] = None
    greater_than: Annotated[Number | TraitNumber | None, Doc("More than this number.")] = None
    less_than: Annotated[Number | TraitNumber | None, Doc("Less than this number.")] = None
    between: Annotated[tuple[Number, Number] | None, Doc("From the first to the second, both inside.")] = None

    def node(self, term: core.NumberTerm) -> core.Node:
        """Return the node that says the term satisfies every bound."""
        nodes: list[core.Node] = []
        if self.equals is not None:
            nodes.append(core.Compare(term, "=", _side(self.equals)))
        if self.not_equals is not None:
            nodes.append(core.Not(core.Compare(term, "=", _side(self.not_equals))))
        if self.at_least is not None:
            nodes.append(core.Compare(term, ">=", _side(self.at_least)))
        if self.at_most is not None:
            nodes.append(core.Compare(term, "<=", _side(self.at_most)))
        if self.greater_than is not None:
            nodes.append(core.Compare(term, ">", _side(self.greater_than)))
        if self.less_than is not None:
            nodes.append(core.Compare(term, "<", _side(self.less_than)))
        if self.between is not None:
            nodes.append(core.Compare(term, ">=", float(self.between[0])))
            nodes.append(core.Compare(term, "<=", float(self.between[1])))
        return nodes[0] if len(nodes) == 1 else core.All(tuple(nodes))

    def says(self) -> str:
        """Return what follows a number's name: ``is at least 5``."""
        words = {
            "equals": "is {}",
            "not_equals": "is not {}",
            "at_least": "is at least {}",
            "at_most": "is at most {}",
            "greater_than": "is above {}",
            "less_than": "is below {}",
        }
        said = [word.format(_said(bound)) for name, word in words.items() if (bound := getattr(self, name)) is not None]
        if self.between is not None:
            said.append(f"is from {figure(self.between[0])} to {figure(self.between[1])}")
        return listed(said, "and")


def _side(bound: float | TraitNumber) -> float | core.Trait:
    return core.Trait(bound.trait) if isinstance(bound, TraitNumber) else float(bound)


def _said(bound: float | TraitNumber) -> str:
    return f"their {named(bound.trait)}" if isinstance(bound, TraitNumber) else f"{figure(bound)}"
