"""A feature set as readers see it: which terms to measure, and how the measured become features, everywhere by the same code."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from coterie.errors import NotFound, Problem, nearest
from coterie.features.expressions import Expression, Measured, Program, call, every, total, truth, unmeasured
from coterie.features.feature import Feature, Need, Question, spellings
from coterie.features.table import Floats, Rows
from coterie.segments import core
from coterie.segments.measures import Measurable


class Reading:
    """How some numbers are read of profiles: ``terms`` to measure, and what is made of them. Made once, used for every batch."""

    def __init__(self, expressions: Sequence[Expression], population: Expression | None) -> None:
        self._count, self._is_for_all = len(expressions), population is None
        self._program = Program([*expressions, *(() if population is None else (population,))])
        self.terms: tuple[Measurable, ...] = tuple(self._program.terms)
        """What to measure, in the order of the columns that ``derive`` expects."""

    def derive(self, measured: Floats) -> Floats:
        """Return (n, needs) float64 of what was measured, (n, terms); NaN is missing. A row's bits depend on that row alone."""
        return self.judge(measured)[0]

    def inside(self, measured: Floats) -> Rows:
        """Return (n,) whether each profile belongs to the population; all of them when none was named."""
        return self.judge(measured)[1]

    def judge(self, measured: Floats) -> tuple[Floats, Rows]:
        """Return what ``derive`` and ``inside`` say, computed together."""
        found = self._program.run(measured)
        derived = np.column_stack(found[: self._count]) if self._count else np.empty((len(measured), 0))
        return derived, np.ones(len(measured), np.bool_) if self._is_for_all else found[-1] >= 1.0


class Plan(Struct, frozen=True, kw_only=True):
    """A feature set lowered. ``population`` is the segment it is about, or a node; everybody when both are empty.

    ``questions`` are those that must be answered from data first; ``scores`` without cuts likewise: see ``is_frozen``.
    """

    key: str
    version: int
    features: tuple[Feature, ...]
    population: str = ""
    who: core.Node | None = None
    questions: tuple[Question, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(feature.name for feature in self.features)

    @property
    def is_frozen(self) -> bool:
        """Whether nothing is left to be taken from data: only then can it be followed live."""
        scored = (
            one for feature in self.features if feature.expression is not None for one in unmeasured(feature.expression)
        )
        return not self.questions and not any(True for _ in scored)

    def refusals(self) -> tuple[str, ...]:
        """Return why the set cannot be followed live, in words; nothing when it can."""
        open_ = [
            f"the frequent values of {one.field!r} ({one.name}…) are taken from the data anew" for one in self.questions
        ]
        scores = {
            one.name for feature in self.expressed if feature.expression for one in unmeasured(feature.expression)
        }
        return (*open_, *(f"the fifths of {name} are taken from the population anew" for name in sorted(scores)))

    def feature(self, name: str) -> Feature:
        """Return the feature of that name. Raises: NotFound."""
        for feature in self.features:
            if feature.name == name:
                return feature
        raise NotFound(f"no feature {name!r} in {self.key}", hint=nearest(name, self.names))

    def reading(self, inputs: Sequence[Need] | None = None, population: str | None = None) -> Reading:
        """Return how ``inputs`` are read (every feature that is an expression when left out: ``expressed``, in that order).

        ``population``: a segment instead of the set's own. Raises: NotFound for a column that is not there, Problem for a category that
        is asked for as a number, or the other way round.
        """
        if inputs is None:
            found = [feature.expression for feature in self.features if feature.expression is not None]
        else:
            found = [self._expression(one) for one in inputs]
        return Reading(found, self.populated(population))

    @property
    def expressed(self) -> tuple[Feature, ...]:
        """The features that are computed; the others are categories whose values are read as they are."""
        return tuple(feature for feature in self.features if feature.expression is not None)

    def populated(self, population: str | None = None) -> Expression | None:
        """Return 1 for the people the set is about, 0 for others; ``None`` when it is about everybody.

        ``population`` stands in for the set's own segment; what else the set asks of people (``who``) stays.
        """
        segment = self.population if population is None else population
        parts = [Measured(core.InSegment(segment))] if segment else []
        return every([*parts, *([truth(self.who)] if self.who is not None else [])])

    def _expression(self, asked: Need) -> Expression:
        feature = self.feature(asked.column)
        if asked.level is None:
            if feature.kind != "number" or feature.expression is None:
                raise Problem("a category is no number", where=asked.column, hint="encode it: one_hot, frequency")
            return feature.expression
        if feature.kind != "category":
            raise Problem("a number has no levels", where=asked.column, received=asked.level)
        return (
            _valued(feature, asked) if feature.expression is None else _coded(feature.expression, feature.labels, asked)
        )


def _coded(place: Expression, labels: Sequence[str], asked: Need) -> Expression:
    """Return whether the place that the expression gives is one of the level's, or any."""
    if not asked.level:
        return call("missing", place)
    places = [number for number, label in enumerate(labels) if label == asked.level]
    return total([call("equals", place, float(number)) for number in places])


def _valued(feature: Feature, asked: Need) -> Expression:
    """Return whether the text of the term's value is the level (as text, as a number or as true and false), or whether it has one."""
    assert feature.term is not None  # a category that is no expression
    if not asked.level:
        return call("subtract", 1.0, Measured(core.Holds(feature.term, core.Matches(ANY_TEXT))))
    return Measured(core.Holds(feature.term, core.OneOf(spellings(asked.level))))


ANY_TEXT = "(?s)."
"""What every text, number and truth contains, and no list or object does."""
