"""Pages of an answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from msgspec import Struct

from coterie.errors import Problem

T = TypeVar("T")


class Rows(Struct, Generic[T], frozen=True, kw_only=True):
    """Some rows in order. ``next`` is what to give as ``cursor`` for the following ones, ``null`` when there are no more."""

    rows: tuple[T, ...]
    next: str | None


class Done(Struct, frozen=True, kw_only=True):
    """It is done. ``position`` is the journal position of what was written: give it as ``after`` to read it."""

    position: int | None = None


def number_of(cursor: str | None, first: int = 0) -> int:
    """Return the whole number that a cursor is. Raises: Problem."""
    if cursor is None or cursor == "":
        return first
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 18:
        raise Problem("not a cursor", where="cursor", received=cursor, allowed="`next` of the page before")
    return int(cursor)


def sliced(rows: Sequence[T], cursor: str | None, limit: int) -> Rows[T]:
    """Return a page of what is all at hand; the cursor is the place of its first row."""
    start = number_of(cursor)
    return Rows(rows=tuple(rows[start : start + limit]), next=str(start + limit) if start + limit < len(rows) else None)
