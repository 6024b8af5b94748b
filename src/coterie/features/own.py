"""A feature as it is written by hand: one measured thing, or a formula over other features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from coterie.features.expressions import Expression, Measured, call, truth
from coterie.features.feature import Feature, Setting
from coterie.features.formulas import expression_of, refuse
from coterie.limits import DAY_US, HOUR_US, WEEK_US
from coterie.segments import core
from coterie.segments.conditions.form import Choice, Condition, Form
from coterie.segments.conditions.measured import NumberMeasure, ValueKind, aggregate_of, says_aggregate
from coterie.segments.conditions.picker import Picker
from coterie.segments.conditions.speech import named
from coterie.segments.conditions.window import Window
from coterie.segments.conditions.words import Doc, Name, Number, Text, TimeZone, Word

UNIT_US = {"hours": HOUR_US, "days": DAY_US, "weeks": WEEK_US}
FORMULA = Word("a formula", refuse, {"minLength": 1})


def lasted(term: core.Elapsed, unit: str = "days", *, whole: bool = False) -> Expression:
    """Return how long ago an instant was, in a unit; ``whole``: only whole ones, rounded down."""
    length = call("divide", Measured(term), float(UNIT_US[unit]))
    return call("floor", length) if whole else length


class ValueMeasure(Form, frozen=True, kw_only=True):
    """A value picked from events."""

    kind: Annotated[ValueKind, Doc("`most_frequent`, `first` or `latest` value of the property.")]
    property: Annotated[Name, Doc("Property of the events.")]
    picker: Picker
    window: Window

    def term(self, zone: str) -> core.Aggregate:
        return aggregate_of(self.kind, self.property, self.picker, self.window, zone)

    def says(self) -> str:
        return says_aggregate(self.kind, self.property, self.picker, self.window)


class Since(Form, frozen=True, kw_only=True):
    """How long ago something happened."""

    of: Annotated[Literal["latest", "first"], Doc("The latest such event, or the first.")] = "latest"
    picker: Picker
    window: Window
    in_: Annotated[Literal["hours", "days", "weeks"], Doc("The unit.")] = "days"
    whole: Annotated[bool, Doc("Only whole units, rounded down.")] = False

    def expression(self, zone: str) -> Expression:
        kind: core.Kind = "latest_at" if self.of == "latest" else "first_at"
        instant = core.Aggregate(kind, self.picker.selector(zone), "", self.window.lower(zone), zone)
        return lasted(core.Elapsed(instant, zone), self.in_, whole=self.whole)

    def says(self) -> str:
        window = self.window.says()
        return f"{self.in_} since the {self.of} {self.picker.says()}{f' {window}' if window else ''}"


class TraitValue(Form, frozen=True, kw_only=True):
    """What a trait is."""

    name: Annotated[Name, Doc("Name of the trait.")]
    as_: Annotated[
        Literal["number", "category", "days_since", "days_until", "days_to_anniversary"],
        Doc("Read as a number, as a category, or as a date: whole local days that have passed, that are left, or until its yearly return."),
    ] = "number"  # fmt: skip


class Own(Form, frozen=True, kw_only=True):
    """One feature: exactly one of `aggregate`, `value`, `since`, `trait`, `meets` and `formula`."""

    choices: ClassVar[tuple[Choice, ...]] = (
        Choice((("aggregate",), ("value",), ("since",), ("trait",), ("meets",), ("formula",)), least=1),
    )

    aggregate: Annotated[NumberMeasure | None, Doc("A number computed from events.")] = None
    value: Annotated[ValueMeasure | None, Doc("A category: a value picked from events.")] = None
    since: Annotated[Since | None, Doc("How long ago something happened.")] = None
    trait: Annotated[TraitValue | Name | None, Doc("A trait: its name alone reads it as a number.")] = None
    meets: Annotated[Condition | None, Doc("1 for people who meet this condition, 0 for others.")] = None
    formula: Annotated[
        Annotated[Text, FORMULA] | None,
        Doc("Arithmetic over other features of the set: `+ - * /`, parentheses, `min`, `max`, `fill`, `abs`, `floor`, `sqrt`, `log1p`, `exp`."),
    ] = None  # fmt: skip
    missing: Annotated[
        Number | None, Doc("The number where there is none; a missing value stays missing when not said.")
    ] = None
    title: Annotated[str, Doc("Its name for people.")] = ""
    unit: Annotated[str, Doc("Unit of the number, such as days or EUR.")] = ""
    hidden: Annotated[bool, Doc("Only for formulas: no column of its own.")] = False
    time_zone: Annotated[TimeZone | None, Doc("Whose calendar; the set's when not said.")] = None

    def feature(self, name: str, setting: Setting, others: Mapping[str, Expression]) -> Feature:
        """Return the feature as readers see it; ``others``: the numeric features that a formula may name. Raises: Unreadable."""
        zone = self.time_zone or setting.zone
        title = self.title or self.says()
        category = self._category(zone)
        if category is not None:
            return Feature(name=name, title=title, kind="category", term=category)
        found = self._number(zone, setting, others)
        if self.missing is not None:
            found = call("filled", found, self.missing)
        return Feature(name=name, title=title, unit=self.unit or self._unit(), expression=found)

    def _category(self, zone: str) -> core.ValueTerm | None:
        if self.value is not None:
            return self.value.term(zone)
        if isinstance(self.trait, TraitValue) and self.trait.as_ == "category":
            return core.Trait(self.trait.name)
        return None

    def _number(self, zone: str, setting: Setting, others: Mapping[str, Expression]) -> Expression:
        if self.aggregate is not None:
            return Measured(self.aggregate.lower(zone))
        if self.since is not None:
            return self.since.expression(zone)
        if self.meets is not None:
            return truth(self.meets.lower(setting.context))
        if self.formula is not None:
            return expression_of(self.formula, others)
        assert self.trait is not None  # the choice asks for one of the six
        if isinstance(self.trait, str):
            return Measured(core.Trait(self.trait))
        return _of_trait(self.trait, zone)

    def _unit(self) -> str:
        if self.since is not None:
            return self.since.in_
        return "days" if isinstance(self.trait, TraitValue) and self.trait.as_.startswith("days") else ""

    def says(self) -> str:
        """Return what the feature is, in words."""
        if self.aggregate is not None:
            return self.aggregate.says()
        if self.value is not None:
            return self.value.says()
        if self.since is not None:
            return self.since.says()
        if self.meets is not None:
            return f"whether they are people {self.meets.says()}"
        if self.formula is not None:
            return self.formula
        trait = self.trait if isinstance(self.trait, TraitValue) else TraitValue(name=self.trait or "")
        return {"number": "{}", "category": "{}"}.get(trait.as_, f"{trait.as_.replace('_', ' ')} {{}}").format(
            named(trait.name)
        )


def _of_trait(trait: TraitValue, zone: str) -> Expression:
    told = core.Trait(trait.name)
    if trait.as_ == "days_since":
        return call("negative", Measured(core.Until(told, "day", zone)))
    if trait.as_ == "days_until":
        return Measured(core.Until(told, "day", zone))
    if trait.as_ == "days_to_anniversary":
        return Measured(core.Until(told, "anniversary", zone))
    return Measured(told)
