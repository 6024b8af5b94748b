"""A fixed share of people, the same for ever."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, ClassVar

from coterie.segments import core
from coterie.segments.conditions.form import Context, Example, Past, Spoken
from coterie.segments.conditions.speech import figure
from coterie.segments.conditions.words import Doc, Salt, number, salt_hint


class Bucket(Spoken, frozen=True, kw_only=True):
    """A share of all people, chosen by a hash of salt and profile: always the same people.

    Raising the share only adds people. Another salt draws other people, independent of these.
    """

    word: ClassVar[str] = "bucket"
    hints: ClassVar[Mapping[str, Callable[[], str]]] = {"salt": salt_hint}
    examples: ClassVar[tuple[Example, ...]] = (
        Example(data={"percent": 50, "salt": "x7f3"}, events=(Past("page_view", "1d"),), member=False, note="ada"),
        Example(
            data={"percent": 50, "salt": "x7f3"},
            events=(Past("page_view", "1d"),),
            member=True,
            note="brook, at the same salt",
            profile="brook",
        ),
        Example(data={"percent": 100, "salt": "x7f3"}, events=(Past("page_view", "1d"),), member=True, note="everyone"),
    )

    percent: Annotated[float, number(0, 100), Doc("Share of people in per cent, above 0 and up to 100.")]
    salt: Annotated[Salt, Doc("Text drawn once for this definition. Never change it.")]

    def lower(self, context: Context) -> core.Node:
        return core.Compare(core.Hash(self.salt), "<", self.percent / 100 * 2**32)

    def says(self) -> str:
        return f"who are in the {figure(self.percent)} % bucket of salt {self.salt}"

    def denial(self) -> str:
        return f"who are outside the {figure(self.percent)} % bucket of salt {self.salt}"
