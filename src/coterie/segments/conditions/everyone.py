"""Everyone."""

from __future__ import annotations

from typing import ClassVar

from coterie.segments import core
from coterie.segments.conditions.form import Context, Example, Past, Spoken


class Everyone(Spoken, frozen=True, kw_only=True):
    """Every known person (of the segment's universe)."""

    word: ClassVar[str] = "everyone"
    examples: ClassVar[tuple[Example, ...]] = (
        Example(data={}, events=(Past("page_view", "9d"),), member=True, note="one event is enough to be known"),
    )

    def lower(self, context: Context) -> core.Node:
        return core.ALWAYS

    def says(self) -> str:
        return "who are known"

    def denial(self) -> str:
        return "who are not known"
