"""What somebody's events are made of: the share of each frequent value of a property, how mixed they are, the main one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar

from coterie.features.expressions import Expression, Measured, call, total
from coterie.features.feature import Feature, Question, Setting, number, spellings
from coterie.features.words import slug
from coterie.segments import core
from coterie.segments.conditions.form import Choice, Form
from coterie.segments.conditions.picker import Picker
from coterie.segments.conditions.window import Window
from coterie.segments.conditions.words import Doc, Name, Text, whole

OTHER = "other"
"""The part of a mix that is none of its values."""
TOP = 8
TOLD = ("entropy", "distinct", "main", "latest")
"""What is told of a mix beside its shares."""


class Mix(Form, frozen=True, kw_only=True):
    """Shares of the frequent values of a property: of categories, devices, channels, countries.

    `…_<value>` is the share of the events (or of the `weight`) with that value among those that have one, `…_other` the rest,
    `…_entropy` how mixed they are (0: one value only; natural logarithm), `…_distinct` how many different values,
    A value that fewer than 5 people have is in `…_other`, unless it is written under `values`.
    `…_main` the most frequent one, `…_latest` the latest. Shares are missing for people without such an event.
    """

    word: ClassVar[str] = "mix"
    choices: ClassVar[tuple[Choice, ...]] = (Choice((("top",), ("values",))),)

    property: Annotated[Name, Doc("The property whose values are counted.")]
    picker: Picker
    window: Window
    top: Annotated[
        int | None, whole(1, 50), Doc(f"Shares of so many values, the most frequent in the population; {TOP} when not said.")
    ] = None  # fmt: skip
    values: Annotated[tuple[Text, ...] | None, Doc("Shares of exactly these values.")] = None
    weight: Annotated[Name | None, Doc("Numeric property to add up, instead of counting events.")] = None

    def prefix(self) -> str:
        """Return what the columns are called by when nothing is said."""
        plain = slug(self.property).lstrip("0123456789_")
        return f"{plain}_" if plain else "value_"

    def questions(self, setting: Setting, prefix: str) -> tuple[Question, ...]:
        """Return what must be asked of the data first: nothing when the values are written or frozen."""
        if self.values is not None or prefix in setting.levels:
            return ()
        window = self.window.lower(setting.zone)
        return (
            Question(
                name=prefix, selector=self.picker.selector(setting.zone), field=self.property, window=window,
                top=self.top or TOP,
            ),
        )  # fmt: skip

    def features(self, setting: Setting, prefix: str) -> tuple[Feature, ...]:
        zone, window = setting.zone, self.window.lower(setting.zone)
        levels = tuple(dict.fromkeys(setting.levels.get(prefix, ()) if self.values is None else self.values))
        every = self._measured(setting, core.Field(self.property, core.Exists()))
        parts = {
            level: self._measured(setting, core.Field(self.property, core.OneOf(spellings(level)))) for level in levels
        }
        rest = call("maximum", call("subtract", every, total(list(parts.values()))), 0.0)
        shares = [call("divide", part, every) for part in (*parts.values(), rest)]
        names = _names(prefix, levels)
        entropy = call("subtract", 0.0, total([call("plogp", share) for share in shares]))
        with_value = self.picker.selector(zone, core.Field(self.property, core.Exists()))

        def picked(kind: core.Kind) -> core.Aggregate:
            return core.Aggregate(kind, with_value, self.property, window, zone)

        return (
            *(
                number(name, share, f"share of {level}")
                for name, share, level in zip(names, shares, levels, strict=False)
            ),
            number(f"{prefix}{OTHER}", shares[-1], "share of all others"),
            number(f"{prefix}entropy", entropy, "how mixed", "nats"),
            number(f"{prefix}distinct", Measured(picked("distinct")), "how many different"),
            Feature(name=f"{prefix}main", title="the most frequent", kind="category", term=picked("most_frequent")),
            Feature(name=f"{prefix}latest", title="the latest", kind="category", term=picked("latest")),
        )

    def _measured(self, setting: Setting, field: core.Field) -> Expression:
        kind: core.Kind = "sum" if self.weight else "count"
        selector = self.picker.selector(setting.zone, field)
        return Measured(
            core.Aggregate(kind, selector, self.weight or "", self.window.lower(setting.zone), setting.zone)
        )

    def says(self) -> str:
        of = f"of {self.weight} " if self.weight else ""
        return f"mix {of}by {self.property} of {self.picker.says()}"


def _names(prefix: str, levels: Iterable[str]) -> list[str]:
    """Return the column of each level: two that are spelled alike, or like a column of another kind, are numbered."""
    taken = {f"{prefix}{name}" for name in (OTHER, *TOLD)}
    found: list[str] = []
    for level in levels:
        plain = name = prefix + (slug(level) or "value")
        place = 2
        while name in taken:
            name, place = f"{plain}_{place}", place + 1
        taken.add(name)
        found.append(name)
    return found
