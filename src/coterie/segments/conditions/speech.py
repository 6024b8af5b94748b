"""Pieces of sentences: names, values and lists as they are said."""

from __future__ import annotations

import re
from collections.abc import Sequence

from coterie.segments.core import Scalar
from coterie.values import canonical, normal

_PLAIN_NAME = re.compile(r"[A-Za-z_$*?][\w.$*?/-]*")


def named(name: str) -> str:
    """Return a name as it is said: bare when it reads as one word, in quotes otherwise."""
    return name if _PLAIN_NAME.fullmatch(name) else f'"{name}"'


def valued(value: Scalar) -> str:
    """Return a value as it is said: its JSON text."""
    return canonical(value)


def listed(parts: Sequence[str], word: str) -> str:
    """Return ``a``, ``a or b``, ``a, b or c``."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {word} {parts[-1]}"


def counted(count: int, noun: str) -> str:
    """Return ``1 day``, ``2 days``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def times(count: int) -> str:
    """Return ``once``, ``twice``, ``3 times``."""
    return {1: "once", 2: "twice"}.get(count, f"{count:,} times")


def figure(number: float) -> str:
    """Return a number as it is said: ``500``, ``0.5``."""
    return canonical(normal(number))
