"""A number or a value computed from events: which kind, of which property."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, TypeAlias

from coterie.segments import core
from coterie.segments.conditions.form import Check, Flaw, Form
from coterie.segments.conditions.picker import Picker
from coterie.segments.conditions.speech import named
from coterie.segments.conditions.window import Window
from coterie.segments.conditions.words import Doc, Name, TimeZone

NumberKind: TypeAlias = Literal["count", "sum", "mean", "smallest", "largest", "distinct", "days"]
ValueKind: TypeAlias = Literal["most_frequent", "first", "latest"]
NUMBER_KINDS = ("count", "sum", "mean", "smallest", "largest", "distinct", "days")
VALUE_KINDS = ("most_frequent", "first", "latest")
_WITHOUT_PROPERTY = frozenset({"count", "days"})

KIND_DOC = Doc(
    "`count` of events · `sum`, `mean`, `smallest`, `largest` of the property's numbers · `distinct` values of the property · "
    "`days` with an event."
)
PROPERTY_DOC = Doc("Property of the events; for every kind but `count` and `days`.")


def property_flaw(kind: str, property: str | None) -> Flaw | None:
    """Return what is wrong between a kind and its property."""
    if kind in _WITHOUT_PROPERTY and property is not None:
        return Flaw(f"kind {kind} has no property", "property", property, "leave it out")
    if kind not in _WITHOUT_PROPERTY and property is None:
        return Flaw(f"kind {kind} needs a property", "property", allowed="the name of a property of the events")
    return None


def aggregate_of(kind: core.Kind, property: str | None, picker: Picker, window: Window, zone: str) -> core.Aggregate:
    """Return the core aggregate; `first` and `latest` look only at events that have the property."""
    has = (core.Field(property, core.Exists()),) if property and kind in ("first", "latest") else ()
    return core.Aggregate(kind, picker.selector(zone, *has), property or "", window.lower(zone), zone)


def says_aggregate(kind: str, property: str | None, picker: Picker, window: Window) -> str:
    """Return the aggregate as a noun: ``sum of total over order_completed in the last 90 days``."""
    nouns = {
        "count": "number of events",
        "days": "number of days",
        "distinct": "number of different {} values",
        "most_frequent": "most frequent {}",
    }
    noun = nouns.get(kind, f"{kind} of {{}}" if kind == "sum" else f"{kind} {{}}")
    of = {"count": "that are", "days": "with"}.get(kind, "over" if kind in NUMBER_KINDS else "on")
    parts = (noun.format(named(property) if property else ""), of, picker.says(), window.says())
    return " ".join(part for part in parts if part)


class NumberMeasure(Form, frozen=True, kw_only=True):
    """A number computed from events."""

    checks: ClassVar[tuple[Check, ...]] = (Check(("kind", "property"), property_flaw),)

    kind: Annotated[NumberKind, KIND_DOC]
    property: Annotated[Name | None, PROPERTY_DOC] = None
    picker: Picker
    window: Window
    time_zone: Annotated[TimeZone | None, Doc("Whose calendar; the definition's when not said.")] = None

    def lower(self, time_zone: str) -> core.Aggregate:
        zone = self.time_zone or time_zone
        return aggregate_of(self.kind, self.property, self.picker, self.window, zone)

    def says(self) -> str:
        return says_aggregate(self.kind, self.property, self.picker, self.window)
