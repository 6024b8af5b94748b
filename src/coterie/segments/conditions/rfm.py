"""Recency, frequency and monetary value in fifths."""

from __future__ import annotations

from typing import Annotated, ClassVar, TypeAlias

from coterie.segments import core
from coterie.segments.conditions.form import Check, Choice, Context, Example, Flaw, Past, Spoken
from coterie.segments.conditions.picker import Picker
from coterie.segments.conditions.published import cuts_of, published
from coterie.segments.conditions.speech import listed
from coterie.segments.conditions.thresholds import FIFTHS, Measure
from coterie.segments.conditions.words import Doc, Duration, Name, whole
from coterie.segments.durations import says_last, us_of

Scores: TypeAlias = tuple[Annotated[int, whole(1, 5)], Annotated[int, whole(1, 5)]]
_DAY = 86_400_000_000.0
_CUTS = {
    "recency": (3 * _DAY, 10 * _DAY, 30 * _DAY, 90 * _DAY),
    "frequency": (1.0, 2.0, 4.0, 8.0),
    "monetary": (20.0, 50.0, 120.0, 400.0),
}
_BEST = {
    "recency": [4, 5],
    "frequency": [3, 5],
    "monetary": [4, 5],
    "event": "order",
    "property": "total",
    "thresholds": 3,
}


def _scores(recency: Scores | None, frequency: Scores | None, monetary: Scores | None) -> Flaw | None:
    for name, scores in (("recency", recency), ("frequency", frequency), ("monetary", monetary)):
        if scores is not None and scores[0] > scores[1]:
            return Flaw("the lower score is above the higher one", name, list(scores), "[lowest, highest]")
    return None


def _money(monetary: Scores | None, property: str | None) -> Flaw | None:
    if monetary is not None and property is None:
        return Flaw("monetary needs a property", "property", allowed="the name of a property that holds an amount")
    if monetary is None and property is not None:
        return Flaw("property is used only by monetary", "property", property, "leave it out, or add monetary")
    return None


class Rfm(Spoken, frozen=True, kw_only=True):
    """Scores from 1 to 5 of recency, frequency and monetary value among the people with a matching event; 5 is best.

    The four numbers between the fifths are published by `coterie thresholds KEY` as a version, those of recency in
    microseconds. Recency is the time since the latest event, so a score falls while nothing happens.
    """

    word: ClassVar[str] = "rfm"
    choices: ClassVar[tuple[Choice, ...]] = (
        Choice((("recency",), ("frequency",), ("monetary",)), least=1, most=3, hint="such as recency: [4, 5]"),
    )
    checks: ClassVar[tuple[Check, ...]] = (
        Check(("recency", "frequency", "monetary"), _scores),
        Check(("monetary", "property"), _money),
    )
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            data=_BEST,
            events=tuple(Past("order", ago, {"total": 70}) for ago in ("9d", "6d", "4d")),
            member=True,
            note="4 days ago scores 4, three orders score 3, 210 in all scores 4",
            cuts=_CUTS,
        ),
        Example(
            data=_BEST,
            events=tuple(Past("order", ago, {"total": 70}) for ago in ("30d", "20d", "10d")),
            member=False,
            note="10 days ago scores 3",
            cuts=_CUTS,
        ),
    )

    recency: Annotated[Scores | None, Doc("Lowest and highest score of the time since the latest event.")] = None
    frequency: Annotated[Scores | None, Doc("Lowest and highest score of the number of events.")] = None
    monetary: Annotated[Scores | None, Doc("Lowest and highest score of the property's sum.")] = None
    picker: Picker
    property: Annotated[Name | None, Doc("Property that holds the amount; needed by monetary.")] = None
    within: Annotated[Duration | None, Doc("Only events of the last so long; ever when not said.")] = None
    thresholds: Annotated[int | None, whole(1), Doc("Version of the published numbers.")] = None

    def measures(self, context: Context) -> tuple[Measure, ...]:
        """Return what `coterie thresholds` has to measure on every person."""
        selector = self.picker.selector(context.time_zone)
        window = core.EVER if self.within is None else core.Rolling(us_of(self.within))
        terms: list[tuple[str, Scores | None, core.Aggregate | core.Elapsed]] = [
            ("recency", self.recency, core.Elapsed(core.Aggregate("latest_at", selector, "", window))),
            ("frequency", self.frequency, core.Aggregate("count", selector, "", window)),
            ("monetary", self.monetary, core.Aggregate("sum", selector, self.property or "", window)),
        ]
        return tuple(
            Measure(name=name, term=term, selector=selector, window=window, shares=FIFTHS)
            for name, scores, term in terms
            if scores is not None
        )

    def lower(self, context: Context) -> core.Node:
        thresholds = published(self.thresholds, context)
        measures = self.measures(context)
        some = core.Aggregate("count", measures[0].selector, "", measures[0].window)
        nodes: list[core.Node] = [core.Compare(some, ">=", 1.0)]
        for measure in measures:
            cuts = cuts_of(thresholds, measure)
            if not cuts:
                return core.NEVER
            nodes += _in_scores(measure, cuts, getattr(self, measure.name))
        return core.All(tuple(nodes))

    def says(self) -> str:
        written = [(name, scores) for name in _CUTS if (scores := getattr(self, name)) is not None]
        said = [f"a {name} score {f'from {low} to {high}' if low < high else low}" for name, (low, high) in written]
        last = f" in the last {says_last(self.within)}" if self.within else ""
        return f"with {listed(said, 'and')} by {self.picker.says()}{last}"


def _in_scores(measure: Measure, cuts: tuple[float, ...], scores: Scores) -> list[core.Node]:
    """Return the bounds of a score range. The score is 1 + cuts reached; for recency, 5 − cuts reached."""
    low, high = scores if measure.name != "recency" else (6 - scores[1], 6 - scores[0])
    nodes: list[core.Node] = []
    if low > 1:
        nodes.append(core.Compare(measure.term, ">=", cuts[low - 2]))
    if high < 5:
        nodes.append(core.Compare(measure.term, "<", cuts[high - 1]))
    return nodes
