"""The best so many by a number."""

from __future__ import annotations

from typing import Annotated, ClassVar

from coterie.segments import core
from coterie.segments.conditions.form import Choice, Context, Example, Past, Spoken
from coterie.segments.conditions.measured import NumberMeasure
from coterie.segments.conditions.published import cuts_of, published
from coterie.segments.conditions.speech import figure
from coterie.segments.conditions.thresholds import Measure
from coterie.segments.conditions.words import Doc, number, whole

_SPENDERS = {
    "percent": 10,
    "by": {"kind": "sum", "property": "total", "event": "order", "within": "90d"},
    "thresholds": 3,
}


class Top(Spoken, frozen=True, kw_only=True):
    """Among the people with a matching event, the best percent or the best n by a number, ties included.

    The number to reach is published by `coterie thresholds KEY` as a version; between two versions it stands still.
    """

    word: ClassVar[str] = "top"
    choices: ClassVar[tuple[Choice, ...]] = (Choice((("percent",), ("count",)), least=1),)
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            data=_SPENDERS,
            events=(Past("order", "3d", {"total": 250}), Past("order", "2d", {"total": 60.5})),
            member=True,
            note="version 3 says: 310.5 or more",
            cuts={"top": (310.5,)},
        ),
        Example(
            data=_SPENDERS,
            events=(Past("order", "3d", {"total": 310}),),
            member=False,
            note="not enough",
            cuts={"top": (310.5,)},
        ),
    )

    percent: Annotated[float | None, number(0, 100), Doc("The best so many per cent.")] = None
    count: Annotated[int | None, whole(1), Doc("The best so many people.")] = None
    by: Annotated[NumberMeasure, Doc("The number: an aggregate without bounds.")]
    thresholds: Annotated[int | None, whole(1), Doc("Version of the published number.")] = None

    def measures(self, context: Context) -> tuple[Measure, ...]:
        """Return what `coterie thresholds` has to measure on every person."""
        term = self.by.lower(context.time_zone)
        shares = () if self.percent is None else (1 - self.percent / 100,)
        return (
            Measure(
                name="top",
                term=term,
                selector=term.selector,
                window=term.window,
                shares=shares,
                count=self.count or 0,
            ),
        )

    def lower(self, context: Context) -> core.Node:
        (measure,) = self.measures(context)
        cuts = cuts_of(published(self.thresholds, context), measure)
        if not cuts:
            return core.NEVER
        some = core.Aggregate("count", measure.selector, "", measure.window)
        return core.All((core.Compare(some, ">=", 1.0), core.Compare(measure.term, ">=", cuts[0])))

    def says(self) -> str:
        best = f"top {figure(self.percent)} %" if self.percent is not None else f"top {self.count:,}"
        return f"who are in the {best} by {self.by.says()}"
