"""Which words of the core language, and which conditions, the random definitions have used; and which exist."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from coterie.segments import core
from coterie.segments.conditions import CONDITIONS
from tests.laws.cases import parts

STRUCTS: tuple[type[msgspec.Struct], ...] = tuple(
    thing
    for thing in vars(core).values()
    if isinstance(thing, type) and issubclass(thing, msgspec.Struct) and thing is not msgspec.Struct
)


def _literals(kind: type[msgspec.Struct]) -> dict[str, tuple[Any, ...]]:
    hints = get_type_hints(kind, vars(core) | {"ClassVar": Any})
    return {name: get_args(hint) for name, hint in hints.items() if get_origin(hint) is Literal}


LITERALS = {kind: _literals(kind) for kind in STRUCTS}


def registered() -> frozenset[str]:
    """Return a name for every struct of the core language, every choice of its literal fields and every condition."""
    names = {kind.__name__ for kind in STRUCTS} | {f"condition {word}" for word in CONDITIONS}
    for kind, fields in LITERALS.items():
        names |= {f"{kind.__name__}.{field} {choice}" for field, choices in fields.items() for choice in choices}
    return frozenset(names)


def used(nodes: Iterable[core.Node]) -> Counter[str]:
    """Return how often each registered name occurs in ``nodes``."""
    count: Counter[str] = Counter()
    for part in parts(list(nodes)):
        count[type(part).__name__] += 1
        for field in LITERALS[type(part)]:
            count[f"{type(part).__name__}.{field} {getattr(part, field)}"] += 1
    return count
