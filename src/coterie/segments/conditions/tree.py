"""The conditions inside a condition."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from coterie.segments.conditions.form import Condition, Spoken


def every(condition: Condition) -> Iterator[Condition]:
    """Yield ``condition`` and every condition inside it, from the outside in and from left to right."""
    yield condition
    assert isinstance(condition, Spoken)  # every condition is a form
    for field in msgspec.structs.fields(condition):
        value = getattr(condition, field.name)
        for inner in value if isinstance(value, tuple) else (value,):
            if isinstance(inner, Spoken):
                yield from every(inner)
