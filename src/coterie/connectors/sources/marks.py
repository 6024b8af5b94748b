"""Marks: values by which a source goes on (``updated_at``, ``id``): kept in a position, compared, stepped back from."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID

from coterie.connectors.sources.failures import SchemaChanged
from coterie.segments.durations import us_of
from coterie.segments.instants import to_us

Mark: TypeAlias = int | float | str | Decimal | datetime | date | UUID | bytes
Lag: TypeAlias = int | str
"""How far to step back: a duration (``10m``) from an instant, a whole number from a number."""
Rank: TypeAlias = tuple[str, Any]
"""What a mark is compared by: ("instant", µs), ("number", n) or ("text", t). Marks of different sorts do not compare."""

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}(:?\d{2})?)?)?")
_FRACTION = re.compile(r"\.(\d+)")


def kept(mark: Mark) -> int | float | str:
    """Return the mark as JSON that ``restored`` gives back exactly.

    >>> restored(kept(datetime(2026, 1, 2, 3))), restored(kept("a:b")), restored(kept(Decimal("1.50")))
    (datetime.datetime(2026, 1, 2, 3, 0), 'a:b', Decimal('1.50'))
    """
    match mark:
        case int() | float():
            return mark
        case datetime():
            return f"instant:{mark.isoformat()}"
        case date():
            return f"day:{mark.isoformat()}"
        case Decimal():
            return f"decimal:{mark}"
        case UUID():
            return f"uuid:{mark}"
        case bytes():
            return f"bytes:{mark.hex()}"
    return f"text:{mark}"


def restored(told: int | float | str) -> Mark:
    """Return the mark that ``kept`` made this from."""
    if not isinstance(told, str):
        return told
    sort, _, text = told.partition(":")
    match sort:
        case "instant":
            return datetime.fromisoformat(text)
        case "day":
            return date.fromisoformat(text)
        case "decimal":
            return Decimal(text)
        case "uuid":
            return UUID(text)
        case "bytes":
            return bytes.fromhex(text)
    return text


def mark_of(value: Any, column: str) -> Mark:
    """Return a cell as a mark. Raises: SchemaChanged when it is missing or of a sort that has no order."""
    if isinstance(value, memoryview | bytearray):
        return bytes(value)
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal | datetime | date | UUID | bytes):
        raise SchemaChanged(
            f"{column} holds {value!r}: rows cannot be read in its order",
            hint="name a column that every row has, with instants, numbers or text",
        )
    return value


def rank(mark: Mark) -> Rank:
    """Return what the mark is compared by; text that is an ISO 8601 instant or day compares as such.

    >>> rank("2026-01-01T00:00:00Z") == rank(datetime(2026, 1, 1))
    True
    """
    match mark:
        case int() | float() | Decimal():
            return "number", mark
        case datetime():
            return "instant", _us(mark)
        case date():
            return "instant", _us(datetime(mark.year, mark.month, mark.day))
        case str() if _ISO.fullmatch(mark):
            return "instant", _us(datetime.fromisoformat(mark))
        case bytes():
            return "text", mark.hex()
    return "text", str(mark)


def least(mark: Mark, lag: Lag | None) -> Rank:
    """Return the rank ``lag`` before the mark. Raises: SchemaChanged when the lag is of another sort."""
    sort, value = rank(mark)
    step = step_of(mark, lag)
    return sort, value - step if step else value


def step_of(mark: Mark, lag: Lag | None) -> int:
    """Return the lag in the unit of the mark's rank. Raises: SchemaChanged when it is of another sort."""
    if lag is None:
        return 0
    sort, _ = rank(mark)
    if sort == "instant" and isinstance(lag, str):
        return us_of(lag)
    if sort == "number" and isinstance(lag, int):
        return lag
    raise SchemaChanged(
        f"a lag of {lag} does not fit the cursor, which holds {mark!r}",
        hint="a duration such as 10m goes with instants, a whole number with numbers, none with text",
    )


def back(mark: Mark, lag: Lag | None) -> Mark:
    """Return the mark ``lag`` earlier, of the same sort and spelled the same way.

    >>> back("2026-01-01T00:00:10.500Z", "10s"), back(date(2026, 1, 2), "1h"), back(7, 3)
    ('2026-01-01T00:00:00.500Z', datetime.date(2026, 1, 1), 4)
    """
    step = step_of(mark, lag)
    if not step:
        return mark
    match mark:
        case datetime():
            return mark - timedelta(microseconds=step)
        case date():
            return (datetime(mark.year, mark.month, mark.day) - timedelta(microseconds=step)).date()
        case str():
            return _spelled(datetime.fromisoformat(mark) - timedelta(microseconds=step), mark)
        case int() | float() | Decimal():
            return mark - step
    return mark


def _spelled(moment: datetime, like: str) -> str:
    if len(like) == 10:
        return moment.date().isoformat()
    fraction = _FRACTION.search(like)
    digits = len(fraction[1]) if fraction else 0
    text = moment.isoformat(like[10], "microseconds" if digits > 3 else "milliseconds" if digits else "seconds")
    return text.replace("+00:00", "Z") if like.endswith("Z") else text


def _us(moment: datetime) -> int:
    return to_us(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
