"""The conditions inside a condition, and where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from coterie.segments.conditions.form import Condition, Spoken, spelled

Path = tuple[str | int, ...]


def every(condition: Condition) -> Iterator[Condition]:
    """Yield ``condition`` and every condition inside it, from the outside in and from left to right."""
    for _, inner in placed(condition, ()):
        yield inner


def placed(condition: Condition, path: Path) -> Iterator[tuple[Path, Condition]]:
    """Yield ``condition``, which stands at ``path``, and every condition inside it, each with its path."""
    here = (*path, condition.word)
    yield here, condition
    assert isinstance(condition, Spoken)  # every condition is a form
    for name in condition.__struct_fields__:
        value: Any = getattr(condition, name)
        spot = here if condition.bare else (*here, spelled(name))
        items = enumerate(value) if isinstance(value, tuple) else [(-1, value)]
        for number, inner in items:
            if isinstance(inner, Spoken):
                part: Any = inner
                yield from placed(part, spot if number < 0 else (*spot, number))
