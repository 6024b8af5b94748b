"""What a kind of rule does to one value: make it normal, or say why it cannot be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from msgspec import Struct

from coterie.model import Value

Beside: TypeAlias = Mapping[str, Value]
"""The properties of the event that the value stands among."""

Texts: TypeAlias = Callable[[str], str]
"""Reads a file that lies beside the rules. Raises: Problem when there is none."""


class Unfit(Struct, frozen=True):
    """In place of a value that cannot be made normal."""

    reason: str
    """Few words, the same for all of a kind: ``not a phone number``."""
    allowed: str = ""


class Normal(Struct, frozen=True, eq=False):
    """One rule's work, ready to be asked for every value."""

    make: Callable[[Value, Beside, int], Value | Unfit]
    """(value, what stands beside it, when it happened) → the normal value. Making a normal value normal changes nothing."""
    reads: tuple[str, ...] = ()
    """Properties beside it that the answer depends on."""
    is_dated: bool = False
    """Whether the answer depends on when it happened."""
    sets: tuple[tuple[str, Value], ...] = ()
    """Properties beside it that say something else when the value was changed: its unit, its currency."""
    is_private: bool = False
    """Whether its values name people, so that none is shown."""

    @property
    def is_plain(self) -> bool:
        """Return whether the answer depends on the value alone, so that it may be remembered by it."""
        return not self.reads and not self.is_dated


def plain(make: Callable[[Any], Value | Unfit], *, is_private: bool = False) -> Normal:
    """Return the work of a function of the value alone."""
    return Normal(lambda value, beside, at: make(value), is_private=is_private)


class Remembered(dict[Any, Any]):
    """Answers by question, at most ``most`` of them: then it begins anew. Cost of a known question: that of a dict."""

    def __init__(self, find: Callable[[Any], Any], most: int) -> None:
        super().__init__()
        self._find, self._most = find, most

    def __missing__(self, key: Any) -> Any:
        if len(self) >= self._most:
            self.clear()
        found = self[key] = self._find(key)
        return found
