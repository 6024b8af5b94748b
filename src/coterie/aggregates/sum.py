"""The exact sum of numeric values, and how many there were."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from coterie.aggregates.fact import Fact
from coterie.model import Value
from coterie.values import MICRO, micro_of, number_of

SUMMABLE_MAX = 1e10
"""Largest magnitude that is added."""
MICRO_MAX = (1 << 63) - 1
"""Most micro-units that a sum says, in either direction: a larger total of one person is told as this much, 9.2e12, by every reader."""


def summable(value: Value) -> int | None:
    """Return the micro-units of a number of at most ``SUMMABLE_MAX``, or ``None`` for anything else."""
    number = number_of(value)
    return None if number is None or not abs(number) <= SUMMABLE_MAX else micro_of(number)


class Sum(Struct, frozen=True):
    """``float(micro) / 1e6``: integer micro-units are added, so that every order gives the same last digit; 0 when none.

    The sum itself is exact however large; what it says is at most ``MICRO_MAX``.
    """

    micro: int = 0
    numbers: int = 0

    def update_many(self, facts: Iterable[Fact]) -> Sum:
        micros = [micro for fact in facts if (micro := summable(fact.value)) is not None]
        return Sum(self.micro + sum(micros), self.numbers + len(micros))

    def merge(self, other: Sum) -> Sum:
        return Sum(self.micro + other.micro, self.numbers + other.numbers)

    def value(self) -> float:
        return float(max(-MICRO_MAX, min(MICRO_MAX, self.micro))) / MICRO
