"""Properties and traits as Coterie keeps them: flat keys, normal values, a bound on nesting."""

from __future__ import annotations

from typing import Any

from coterie.connectors.sources.tracking.tracked import Refusal
from coterie.model import Value
from coterie.values import normal

_INTEGER_MIN, _INTEGER_MAX = -(1 << 63), (1 << 63) - 1


def flat(properties: dict[str, Any], depth_max: int, where: str, prefix: str = "") -> dict[str, Value]:
    """Return ``properties`` flat and normal; ``properties`` itself where it is so already, at 0.05 µs a property.

    Whole numbers beyond 64 bits become floats. Raises: Refusal for more than ``depth_max`` levels of objects and lists.
    """
    for value in properties.values():
        kind = type(value)
        if kind is str or kind is bool or value is None:
            continue
        if kind is int:
            if _INTEGER_MIN <= value <= _INTEGER_MAX:
                continue
        elif kind is float and not value.is_integer():
            continue
        return _flattened(properties, depth_max, where, "")
    return properties


def _flattened(properties: dict[str, Any], depth_left: int, where: str, prefix: str) -> dict[str, Value]:
    if depth_left <= 0:
        raise Refusal("nested too deep", f"{where}.{prefix[:-1]}", allowed="8 levels of objects and lists")
    found: dict[str, Value] = {}
    for key, value in properties.items():
        kind = type(value)
        if kind is dict and value.keys() != _POINT_KEYS:
            found.update(_flattened(value, depth_left - 1, where, f"{prefix}{key}."))
        else:
            found[prefix + key] = _normal(value, depth_left, where)
    return found


_POINT_KEYS = frozenset({"lat", "lon"})


def _normal(value: Any, depth_left: int, where: str) -> Value:
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    if kind is int and not _INTEGER_MIN <= value <= _INTEGER_MAX:
        return _float(value)
    if kind is list or kind is dict:
        if depth_left <= 1:
            raise Refusal("nested too deep", where, allowed="8 levels of objects and lists")
        if kind is list:
            return [_normal(item, depth_left - 1, where) for item in value]
        return {key: _normal(item, depth_left - 1, where) for key, item in sorted(value.items())}
    return normal(value)


def _float(value: int) -> float | None:
    try:
        return float(value)
    except OverflowError:
        return None
