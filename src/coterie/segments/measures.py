"""What can be measured of a profile at an instant: one float64 per term, the same in every reader.

A number term and a trait measure their number; any other value is missing. A leaf of a definition measures 1.0 where it is
true and 0.0 where it is not, so a category one value at a time is ``Holds(term, Equals(value))``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from coterie.segments.core import Leaf, NumberTerm, Trait, references

Measurable: TypeAlias = NumberTerm | Trait | Leaf
Measures: TypeAlias = tuple[Measurable, ...]
"""What one model measures, in the order of its columns."""


def referred(terms: Sequence[Measurable]) -> frozenset[str]:
    """Return the keys of the segments that the terms refer to directly."""
    return frozenset(key for term in terms if isinstance(term, Leaf) for key in references(term))
