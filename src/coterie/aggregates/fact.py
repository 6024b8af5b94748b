"""What a summary is made of, and what every summary can do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, Self

from msgspec import Struct

from coterie.model import Value
from coterie.values import canonical, normal


class Fact(Struct, frozen=True):
    """One selected event, as an aggregate sees it: when, the key that breaks ties, and the value of the property asked for."""

    occurred_at: int
    event_key: int
    value: Value = None


class Summary(Protocol):
    """What is kept of many facts. Immutable; a new summary is the neutral zero.

    ``merge`` is associative and commutative, and updating is merging with the summary of one fact: so neither the order of
    arrival nor the way in which facts were divided matters.
    """

    def update_many(self, facts: Iterable[Fact]) -> Self:
        """Return the summary of these facts too."""

    def merge(self, other: Self) -> Self:
        """Return the summary of the facts of both."""

    def value(self) -> Value:
        """Return the answer; ``None`` where there is none."""


def text_of_present(value: Value) -> str | None:
    """Return the canonical JSON of a value, or ``None`` when it is missing (null or empty text)."""
    return None if value is None or value == "" else canonical(normal(value))
