"""How often: bounds on a count of events."""

from __future__ import annotations

from typing import Annotated, ClassVar

from coterie.segments import core
from coterie.segments.conditions.form import Check, Choice, Flaw, Form
from coterie.segments.conditions.speech import times
from coterie.segments.conditions.words import Doc, whole


def _ordered(at_least: int | None, at_most: int | None) -> Flaw | None:
    if at_least is not None and at_most is not None and at_least > at_most:
        return Flaw("at_least is above at_most", "at_least", at_least, f"up to {at_most}")
    return None


class Counts(Form, frozen=True, kw_only=True):
    """Bounds on a count; at least one when nothing is said."""

    spread: ClassVar[bool] = True
    choices: ClassVar[tuple[Choice, ...]] = (Choice((("exactly",), ("at_least", "at_most"))),)
    checks: ClassVar[tuple[Check, ...]] = (Check(("at_least", "at_most"), _ordered),)

    at_least: Annotated[int | None, whole(1, 1_000_000_000), Doc("So often or more; 1 when no bound is said.")] = None
    at_most: Annotated[
        int | None,
        whole(0, 1_000_000_000),
        Doc("So often or less, and not at all; with `at_least: 1` beside it, not at all is out."),
    ] = None
    exactly: Annotated[int | None, whole(0, 1_000_000_000), Doc("Neither more nor less.")] = None

    @property
    def is_once(self) -> bool:
        """Whether only "at least once" is asked."""
        return self.exactly is None and self.at_most is None and self.at_least in (None, 1)

    def node(self, count: core.Aggregate) -> core.Node:
        """Return the node that says ``count`` is in the bounds."""
        if self.exactly is not None:
            return core.Compare(count, "=", float(self.exactly))
        nodes: list[core.Node] = []
        if self.at_least is not None or self.at_most is None:
            nodes.append(core.Compare(count, ">=", float(self.at_least or 1)))
        if self.at_most is not None:
            nodes.append(core.Compare(count, "<=", float(self.at_most)))
        return nodes[0] if len(nodes) == 1 else core.All(tuple(nodes))

    def says(self) -> str:
        """Return the adverb: ``at least twice``; nothing for at least once."""
        if self.exactly is not None:
            return f"exactly {times(self.exactly)}"
        if self.at_most is None:
            return "" if self.is_once else f"at least {times(self.at_least or 1)}"
        if self.at_least is None:
            return f"at most {times(self.at_most)} (or never)" if self.at_most else "never"
        return f"{self.at_least} to {times(self.at_most)}"
