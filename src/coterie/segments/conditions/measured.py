"""A number or a value computed from events: which kind, of which property."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, TypeAlias

from coterie.segments import core
from coterie.segments.conditions.form import Check, Flaw, Form
from coterie.segments.conditions.picker import Picker
from coterie.segments.conditions.speech import named
from coterie.segments.conditions.window import Window
from coterie.segments.conditions.words import Doc, Duration, Name, TimeZone
from coterie.segments.durations import says, us_of
from coterie.segments.moments import timed

NumberKind: TypeAlias = Literal[
    "count", "sum", "mean", "smallest", "largest", "distinct", "days", "sessions", "active_seconds"
]
ValueKind: TypeAlias = Literal["most_frequent", "first", "latest"]
NUMBER_KINDS = ("count", "sum", "mean", "smallest", "largest", "distinct", "days", "sessions", "active_seconds")
VALUE_KINDS = ("most_frequent", "first", "latest")
_WITHOUT_PROPERTY = core.SESSION_KINDS | {"count", "days"}

KIND_DOC = Doc(
    "`count` of events · `sum`, `mean`, `smallest`, `largest` of the property's numbers · `distinct` values of the property · "
    "`days` with an event · `sessions`, runs of events · `active_seconds` from the first to the last event of each session, added up."
)
PROPERTY_DOC = Doc("Property of the events; for every kind but `count`, `days`, `sessions` and `active_seconds`.")
GAP_DOC = Doc(
    "Of `sessions` and `active_seconds`: the longest pause between two events of one session; 30m when not said."
)


def property_flaw(kind: str, property: str | None) -> Flaw | None:
    """Return what is wrong between a kind and its property."""
    if kind in _WITHOUT_PROPERTY and property is not None:
        return Flaw(f"kind {kind} has no property", "property", property, "leave it out")
    if kind not in _WITHOUT_PROPERTY and property is None:
        return Flaw(f"kind {kind} needs a property", "property", allowed="the name of a property of the events")
    return None


def gap_flaw(kind: str, gap: str | None) -> Flaw | None:
    """Return what is wrong between a kind and its gap."""
    if gap is not None and kind not in core.SESSION_KINDS:
        return Flaw(f"kind {kind} has no gap", "gap", gap, "leave it out, or use kind sessions or active_seconds")
    return None


def aggregate_of(
    kind: core.Kind, property: str | None, picker: Picker, window: Window, zone: str, gap: str | None = None
) -> core.Aggregate:
    """Return the core aggregate; `first` and `latest` look only at events that have the property."""
    key = timed(property or "", zone)
    has = (core.Field(key, core.Exists()),) if property and kind in ("first", "latest") else ()
    gap_us = core.SESSION_GAP_US if gap is None else us_of(gap)
    return core.Aggregate(kind, picker.selector(zone, *has), key, window.lower(zone), zone, gap_us)


def says_aggregate(kind: str, property: str | None, picker: Picker, window: Window, gap: str | None = None) -> str:
    """Return the aggregate as a noun: ``sum of total over order_completed in the last 90 days``."""
    pause = "" if gap is None else f" (pauses up to {says(gap)})"
    nouns = {
        "count": "number of events",
        "days": "number of days",
        "sessions": f"number of sessions{pause}",
        "active_seconds": f"seconds in sessions{pause}",
        "distinct": "number of different {} values",
        "most_frequent": "most frequent {}",
    }
    noun = nouns.get(kind, f"{kind} of {{}}" if kind == "sum" else f"{kind} {{}}")
    of = {"count": "that are", "days": "with", "sessions": "of", "active_seconds": "of"}
    link = of.get(kind, "over" if kind in NUMBER_KINDS else "on")
    parts = (noun.format(named(property) if property else ""), link, picker.says(), window.says())
    return " ".join(part for part in parts if part)


class NumberMeasure(Form, frozen=True, kw_only=True):
    """A number computed from events."""

    checks: ClassVar[tuple[Check, ...]] = (Check(("kind", "property"), property_flaw), Check(("kind", "gap"), gap_flaw))

    kind: Annotated[NumberKind, KIND_DOC]
    property: Annotated[Name | None, PROPERTY_DOC] = None
    picker: Picker
    window: Window
    gap: Annotated[Duration | None, GAP_DOC] = None
    time_zone: Annotated[TimeZone | None, Doc("Whose calendar; the definition's when not said.")] = None

    def lower(self, time_zone: str) -> core.Aggregate:
        zone = self.time_zone or time_zone
        return aggregate_of(self.kind, self.property, self.picker, self.window, zone, self.gap)

    def says(self) -> str:
        return says_aggregate(self.kind, self.property, self.picker, self.window, self.gap)
