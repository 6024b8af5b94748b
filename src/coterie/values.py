"""JSON values as Coterie keeps them: flat keys, one canonical text per value, exact micro-units for sums."""

from __future__ import annotations

import hashlib
import math
from typing import Any

import msgspec

from coterie.model import Value

MICRO = 1_000_000
_POINT_KEYS = frozenset({"lat", "lon"})


def flatten(properties: dict[str, Any], prefix: str = "") -> dict[str, Value]:
    """Return ``properties`` with nested objects as dotted keys: ``{"a": {"b": 1}}`` becomes ``{"a.b": 1}``.

    Lists stay whole, and so does a point (an object with exactly ``lat`` and ``lon``). ``None`` stays: it
    removes a trait. Numbers are canonical afterwards: 2.0 is 2.

    >>> flatten({"address": {"city": "Oslo"}, "age": 30.0})
    {'address.city': 'Oslo', 'age': 30}
    """
    flat: dict[str, Value] = {}
    for key, value in properties.items():
        path = f"{prefix}{key}"
        if isinstance(value, dict) and value.keys() != _POINT_KEYS:
            flat.update(flatten(value, f"{path}."))
        else:
            flat[path] = normal(value)
    return flat


def normal(value: Any) -> Value:
    """Return ``value`` with every number in its one canonical form; NaN and infinities are missing."""
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return int(value) if value.is_integer() and abs(value) < 1e15 else value
    if isinstance(value, list):
        return [normal(item) for item in value]
    if isinstance(value, dict):
        return {key: normal(item) for key, item in sorted(value.items())}
    return value  # type: ignore[no-any-return]


def canonical(value: Any) -> str:
    """Return the one JSON text of a normal value: compact, keys sorted. Equal texts are equal values.

    >>> canonical({"b": [1, "x"], "a": None})
    '{"a":null,"b":[1,"x"]}'
    """
    return msgspec.json.encode(value, order="sorted").decode()


def parse(text: str) -> Value:
    """Return the value of a canonical JSON text."""
    return msgspec.json.decode(text)  # type: ignore[no-any-return]


def number_of(value: Any) -> float | None:
    """Return the number in ``value`` as a float64, or ``None`` when it is not a number (booleans and text are not)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)


def text_of(value: Any) -> str | None:
    """Return the text of a string, number or boolean as text operators see it; lists, objects and ``None`` have none."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return canonical(value)
    return None


def micro_of(number: float) -> int:
    """Return ``number`` in exact micro-units, rounded half up: what sums and means add, in every reader.

    Float addition depends on order; integer addition does not, so three readers can agree to the last digit.
    """
    return math.floor(number * MICRO + 0.5)


def event_key(event_id: str) -> int:
    """Return the signed 64-bit key that stands for an event id: it breaks ties of equal instants, everywhere alike."""
    digest = hashlib.blake2b(event_id.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
