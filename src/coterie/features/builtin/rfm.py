"""Recency, frequency and monetary value, their scores in fifths, and the usual names of their combinations."""

from __future__ import annotations

from typing import Annotated, ClassVar

from coterie.features.expressions import Expression, Fifth, Measured, call
from coterie.features.feature import Feature, Setting, counted, number
from coterie.features.own import lasted
from coterie.segments import core
from coterie.segments.conditions.form import Form
from coterie.segments.conditions.picker import Picker
from coterie.segments.conditions.window import Window
from coterie.segments.conditions.words import Doc, Name

CELLS = (
    ("hibernating", "hibernating", "at_risk", "at_risk", "cannot_lose"),
    ("hibernating", "hibernating", "at_risk", "at_risk", "cannot_lose"),
    ("about_to_sleep", "about_to_sleep", "needs_attention", "loyal", "loyal"),
    ("promising", "potential_loyal", "potential_loyal", "loyal", "loyal"),
    ("new", "potential_loyal", "potential_loyal", "champions", "champions"),
)
"""Name of the segment by recency score (1 to 5, row) and frequency score (1 to 5, column)."""


class Rfm(Form, frozen=True, kw_only=True):
    """How recently, how often and for how much somebody bought.

    `recency` in whole days since the latest event (missing without one), `frequency` the number of orders, `monetary` the sum of
    `amount`. Scores from 1 to 5, 5 is best, among the people with such an event; equal numbers have equal scores.
    `rfm_segment` names the pair of recency and frequency score.
    """

    word: ClassVar[str] = "rfm"

    picker: Picker
    window: Window
    amount: Annotated[Name | None, Doc("Property to add up; no monetary value when not said.")] = None
    order: Annotated[
        Name | None, Doc("Property that names the order, where an order is several events; each event counts when not said.")
    ] = None  # fmt: skip
    scores: Annotated[bool, Doc("Whether scores and segment names are wanted.")] = True

    def features(self, setting: Setting, prefix: str) -> tuple[Feature, ...]:
        selector, window, zone = self.picker.selector(setting.zone), self.window.lower(setting.zone), setting.zone
        latest = core.Elapsed(core.Aggregate("latest_at", selector, "", window, zone), zone)
        kinds: core.Kind = "distinct" if self.order else "count"
        found: dict[str, tuple[Expression, str, str]] = {
            "recency": (lasted(latest, whole=True), "days since the latest", "days"),
            "frequency": (Measured(core.Aggregate(kinds, selector, self.order or "", window, zone)), "how many", ""),
        }
        if self.amount:
            spent = core.Aggregate("sum", selector, self.amount, window, zone)
            found["monetary"] = (Measured(spent), f"sum of {self.amount}", "")
        features = [number(prefix + name, *rest) for name, rest in found.items()]
        if not self.scores:
            return tuple(features)
        some = Measured(counted(selector, window, zone))
        scored = {name: _score(prefix, name, rest[0], some, setting) for name, rest in found.items()}
        features += [
            number(f"{prefix}{name}_score", score, f"{name} in fifths, 5 is best") for name, score in scored.items()
        ]
        place = call(
            "add",
            call("multiply", call("subtract", scored["recency"], 1.0), 5.0),
            call("subtract", scored["frequency"], 1.0),
        )
        labels = tuple(label for row in CELLS for label in row)
        segment = Feature(
            name=f"{prefix}rfm_segment",
            title="recency and frequency in a word",
            kind="category",
            expression=place,
            labels=labels,
        )
        return (*features, segment)

    def says(self) -> str:
        return f"recency, frequency and monetary value of {self.picker.says()}"


def _score(prefix: str, name: str, value: Expression, some: Expression, setting: Setting) -> Fifth:
    """Return the score among the people with an event: the number of others is missing."""
    bought = call("divide", value, call("reaches", some, 1.0))
    return Fifth(f"{prefix}{name}", bought, setting.cuts.get(f"{prefix}{name}"), falling=name == "recency")
