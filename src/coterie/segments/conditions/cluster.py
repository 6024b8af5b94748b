"""The cluster that a model put the person into."""

from __future__ import annotations

from typing import Annotated, ClassVar

from coterie.segments import core
from coterie.segments.conditions.form import Check, Choice, Context, Example, Form, Past, Spoken, traits
from coterie.segments.conditions.operators import bounds_flaw
from coterie.segments.conditions.speech import figure, listed, named
from coterie.segments.conditions.words import Doc, SegmentKey, number

_LOYAL = {"cluster.rfm": "loyal", "cluster_distance.rfm": 0.4}


class Distance(Form, frozen=True, kw_only=True):
    """Bounds on the distance to the centre of the person's own cluster, in the units of the prepared features."""

    choices: ClassVar[tuple[Choice, ...]] = (
        Choice(
            (("at_least",), ("greater_than",), ("at_most",), ("less_than",)), least=1, most=2,
            hint="say how far, such as at_most: 1.5",
        ),
        Choice((("at_least",), ("greater_than",)), hint="keep one lower bound"),
        Choice((("at_most",), ("less_than",)), hint="keep one upper bound"),
    )  # fmt: skip
    checks: ClassVar[tuple[Check, ...]] = (Check(("at_least", "greater_than", "at_most", "less_than"), bounds_flaw),)

    at_least: Annotated[float | None, number(None, None, least=0), Doc("So far or farther.")] = None
    greater_than: Annotated[float | None, number(None, None, least=0), Doc("Farther.")] = None
    at_most: Annotated[float | None, number(None, None, least=0), Doc("So far or nearer.")] = None
    less_than: Annotated[float | None, number(None, None, least=0), Doc("Nearer.")] = None

    def tests(self) -> tuple[core.Test, ...]:
        """Return the tests that must all hold."""
        written = ((op, getattr(self, name)) for name, op, _ in _BOUNDS)
        return tuple(core.Order(op, float(bound)) for op, bound in written if bound is not None)  # type: ignore[arg-type]

    def says(self) -> str:
        """Return the bounds in words."""
        return listed(
            [f"{word} {figure(bound)}" for name, _, word in _BOUNDS if (bound := getattr(self, name)) is not None],
            "and",
        )


_BOUNDS = (
    ("at_least", ">=", "at least"),
    ("greater_than", ">", "more than"),
    ("at_most", "<=", "at most"),
    ("less_than", "<", "less than"),
)


class Cluster(Spoken, frozen=True, kw_only=True):
    """A published model has put the person into a cluster: the trait `cluster.<model>`, and how far from its centre they are.

    Whom the model puts into no cluster, and whom it has not met, is in none: `is` and `in` do not hold, `not` does.
    """

    word: ClassVar[str] = "cluster"
    choices: ClassVar[tuple[Choice, ...]] = (
        Choice(
            (("is",), ("in",), ("not",), ("distance",)), least=1, most=2,
            hint="say which cluster, such as is: loyal-big-spenders",
        ),
        Choice((("is",), ("in",), ("not",)), hint="one of them decides alone"),
    )  # fmt: skip
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            data={"model": "rfm", "is": "loyal"},
            events=(traits("3d", **_LOYAL),),
            member=True,
            note="put there three days ago",
        ),
        Example(
            data={"model": "rfm", "is": "loyal"},
            events=(traits("3d", **_LOYAL), traits("1d", **{"cluster.rfm": "one-time"})),
            member=False,
            note="moved to another cluster since",
        ),
        Example(
            data={"model": "rfm", "in": ["loyal", "one-time"]},
            events=(traits("3d", **{"cluster.rfm": "one-time"}),),
            member=True,
            note="one of several",
        ),
        Example(
            data={"model": "rfm", "not": "loyal"},
            events=(Past("page_view", "1d"),),
            member=True,
            note="in no cluster at all",
        ),
        Example(
            data={"model": "rfm", "is": "loyal", "distance": {"at_most": 0.3}},
            events=(traits("3d", **_LOYAL),),
            member=False,
            note="in it, but not close to its centre",
        ),
        Example(
            data={"model": "rfm", "distance": {"greater_than": 3}},
            events=(traits("3d", **{"cluster.rfm": "loyal", "cluster_distance.rfm": 4.5}),),
            member=True,
            note="far from the centre of whatever cluster",
        ),
    )

    model: Annotated[SegmentKey, Doc("Key of the model, `models/<key>.yaml`.")]
    is_: Annotated[SegmentKey | None, Doc("Key of the cluster.")] = None
    in_: Annotated[tuple[SegmentKey, ...] | None, Doc("One of these clusters.")] = None
    not_: Annotated[SegmentKey | None, Doc("Not this cluster: another one, or none.")] = None
    distance: Annotated[Distance | None, Doc("How far from the centre of their cluster.")] = None

    def lower(self, context: Context) -> core.Node:
        held = core.Trait(f"cluster.{self.model}")
        nodes: list[core.Node] = []
        if self.is_ is not None:
            nodes.append(core.Holds(held, core.Equals(self.is_)))
        if self.in_ is not None:
            nodes.append(core.Holds(held, core.OneOf(self.in_)))
        if self.not_ is not None:
            nodes.append(core.Not(core.Holds(held, core.Equals(self.not_))))
        if self.distance is not None:
            far = core.Trait(f"cluster_distance.{self.model}")
            nodes += [core.Holds(far, test) for test in self.distance.tests()]
        return nodes[0] if len(nodes) == 1 else core.All(tuple(nodes))

    def says(self) -> str:
        keys = [self.is_] if self.is_ is not None else list(self.in_ or ())
        parts = [f"are in the cluster {listed([named(key) for key in keys], 'or')} of {self.model}"] if keys else []
        if self.not_ is not None:
            parts.append(f"are not in the cluster {named(self.not_)} of {self.model}")
        if self.distance is not None:
            whose = "its centre" if keys else f"the centre of their cluster of {self.model}"
            parts.append(f"are {self.distance.says()} from {whose}")
        return f"who {listed(parts, 'and')}"

    def denial(self) -> str:
        if self.distance is not None or self.in_ is not None:
            return ""
        if self.not_ is not None:
            return f"who are in the cluster {named(self.not_)} of {self.model}"
        return f"who are not in the cluster {named(self.is_ or '')} of {self.model}"
