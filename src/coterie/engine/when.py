"""Instants as people write them."""

from __future__ import annotations

import re

from coterie.errors import Problem
from coterie.segments.durations import us_of
from coterie.segments.instants import instant_of

_AGO = re.compile(r"(\d+[smhdw])\s+ago")


def instant(text: str, present: int, wall: int, time_zone: str = "UTC", where: str = "--at") -> int:
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
        raise Problem("not an instant", where=where, received=text, allowed=allowed)
    return at
