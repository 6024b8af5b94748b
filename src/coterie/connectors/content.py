"""What a row says, in one spelling: the same row of a CSV file, a Parquet file and a database gives the same bytes."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from coterie.connectors.column import Column, Refused
from coterie.connectors.rows import Chunk
from coterie.values import canonical, normal

_NUMBER = re.compile(r"[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})([eE][+-]?\d{1,3})?")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d| UTC)?)?")


def contents(chunk: Chunk) -> list[bytes]:
    """Return the content of every row: its columns by name, missing values and ``chunk.aside`` left out.

    Numbers, instants in ISO 8601 and truth values are spelled in one way, whatever type the source gives them; no mapping has a
    say, so that a mended mapping finds the same rows. Instants without an offset count as UTC. Cost: 1 µs per distinct value,
    0.1 µs per cell.
    """
    names = sorted(chunk.columns.keys() - chunk.aside)
    if not names:
        return [b""] * len(chunk.numbers)
    pieces = [_spelled(name, chunk.columns[name]) for name in names]
    # Without a value in every piece: the option that skips missing ones drops rows in which all are missing.
    joined = pc.binary_join_element_wise(*pieces, "", null_handling="replace", null_replacement="")
    return joined.cast(pa.binary()).to_pylist()  # type: ignore[no-any-return]


def _spelled(name: str, column: Column) -> pa.Array:
    told = [_spell(value) for value in column.values]
    texts = [None if one is None else f"{name}={one}\x1f" for one in told]
    return pa.array(texts, pa.string()).take(pa.array(column.codes))


def _spell(value: Any) -> str | None:
    if isinstance(value, str):
        return _of_text(value)
    if value is None or isinstance(value, float):
        return None if value is None else _of_float(value)
    return value.why if isinstance(value, Refused) else canonical(normal(value))


def _of_text(text: str) -> str:
    if _NUMBER.fullmatch(text):
        if text.lstrip("+-").isdigit():
            return str(int(text))
        return _of_float(float(text)) or text
    if _INSTANT.fullmatch(text):
        try:
            moment = datetime.fromisoformat(text.replace(" UTC", "Z"))
            return (moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment).isoformat()
        except (ValueError, OverflowError):
            return text
    folded = text.lower()
    return folded if folded in ("true", "false") else text


def _of_float(value: float) -> str | None:
    if not math.isfinite(value):
        return None
    return str(int(value)) if value.is_integer() else repr(value)
