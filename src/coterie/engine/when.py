"""Instants and spans as people write them and read them."""

from __future__ import annotations

import re

from coterie.errors import Problem
from coterie.segments.durations import us_of
from coterie.segments.instants import instant_of, rfc3339

_AGO = re.compile(r"(\d+[smhdw])\s+ago")
_PARTS = (("w", 604_800), ("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def instant(text: str, present: int, wall: int, time_zone: str = "UTC") -> int:
    """Return the instant that ``text`` means: RFC 3339, a date, ``end`` (the present of the project), ``now``, or ``3d ago``.

    Raises: Problem.
    """
    words = text.strip()
    if words in ("end", "present"):
        return present
    if words == "now":
        return wall
    ago = _AGO.fullmatch(words)
    if ago:
        return present - us_of(ago.group(1))
    at = instant_of(words, time_zone)
    if at is None:
        allowed = "2026-01-31, 2026-01-31T10:00:00Z, '3d ago', now, end"
        raise Problem("not an instant", where="--at", received=text, allowed=allowed)
    return at


def span(us: int) -> str:
    """Return a duration as people say it, its two largest units.

    >>> span(183_600_000_000), span(59_000_000), span(400)
    ('2 d 3 h', '59 s', '0 s')
    """
    seconds, parts = abs(us) // 1_000_000, []
    for unit, size in _PARTS[1:]:
        if seconds >= size:
            parts.append(f"{seconds // size:,} {unit}")
            seconds %= size
        elif parts:
            break
    return " ".join(parts[:2]) or "0 s"


def told(at: int) -> str:
    """Return an instant in UTC, without the fraction where there is none."""
    return rfc3339(at)
