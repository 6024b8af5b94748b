"""Membership of another segment."""

from __future__ import annotations

from typing import Annotated, ClassVar

from coterie.segments import core
from coterie.segments.conditions.form import Context, Example, Past, Spoken
from coterie.segments.conditions.words import Doc, SegmentKey


class InSegment(Spoken, frozen=True, kw_only=True):
    """The person is in another segment at the same instant."""

    word: ClassVar[str] = "in_segment"
    bare: ClassVar[str] = "key"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(
            data="buyers",
            events=(Past("purchase", "3d"),),
            member=True,
            note="buyers did purchase",
            others={"buyers": {"did": {"event": "purchase"}}},
        ),
        Example(
            data="buyers",
            events=(Past("page_view", "3d"),),
            member=False,
            note="no buyer",
            others={"buyers": {"did": {"event": "purchase"}}},
        ),
    )

    key: Annotated[SegmentKey, Doc("Key of the other segment.")]

    def lower(self, context: Context) -> core.Node:
        return core.InSegment(self.key)

    def says(self) -> str:
        return f"who are in the segment {self.key}"

    def denial(self) -> str:
        return f"who are not in the segment {self.key}"
