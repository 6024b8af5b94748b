"""Membership of a list that was imported."""

from __future__ import annotations

from typing import Annotated, ClassVar

from coterie.segments import core
from coterie.segments.conditions.form import Context, Example, Past, Spoken
from coterie.segments.conditions.words import Doc, ListKey


class InList(Spoken, frozen=True, kw_only=True):
    """The person is on a list (`lists/<key>.csv`). The newest version of the list counts."""

    word: ClassVar[str] = "in_list"
    bare: ClassVar[str] = "key"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            data="vip",
            events=(Past("$set", "3d", {"list.vip": True}),),
            member=True,
            note="put on the list three days ago",
        ),
        Example(
            data="vip",
            events=(Past("$set", "3d", {"list.vip": True}), Past("$set", "1d", {"list.vip": None})),
            member=False,
            note="the next version left them out",
        ),
    )

    key: Annotated[ListKey, Doc("Key of the list.")]

    def lower(self, context: Context) -> core.Node:
        return core.Holds(core.Trait(f"list.{self.key}"), core.Equals(True))

    def says(self) -> str:
        return f"who are on the list {self.key}"

    def denial(self) -> str:
        return f"who are not on the list {self.key}"
