"""The conditions inside a condition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from coterie.segments.conditions.form import Condition, Spoken


def every(condition: Condition) -> Iterator[Condition]:
    """Yield ``condition`` and every condition inside it, from the outside in and from left to right."""
    yield condition
    assert isinstance(condition, Spoken)  # every condition is a form
    for name in condition.__struct_fields__:
        value = getattr(condition, name)
        inside: list[Any] = [
            one for one in (value if isinstance(value, tuple) else (value,)) if isinstance(one, Spoken)
        ]
        for inner in inside:
            yield from every(inner)
