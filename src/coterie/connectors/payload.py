"""JSON that strangers send: read whole or refused, never so deep that it takes the reader down with it."""

from __future__ import annotations

from typing import Any

import msgspec

DEPTH_MAX = 64
"""Objects and lists inside one another; what people write has some ten."""
_decode = msgspec.json.Decoder().decode


def json_of(body: bytes) -> Any:
    """Return what JSON says. Raises: msgspec.DecodeError, UnicodeDecodeError; nothing else, whatever came.

    Cost: that of the decoder, and one look at the bytes.

    >>> json_of(b'{"a": [1]}')
    {'a': [1]}
    >>> json_of(b"[" * 100_000)
    Traceback (most recent call last):
    msgspec.DecodeError: nested deeper than 64
    """
    try:
        found = _decode(body)
    except RecursionError:
        raise _too_deep() from None
    if body.count(b"{") + body.count(b"[") > DEPTH_MAX and _is_deep(found):
        raise _too_deep()
    return found


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEPTH_MAX):
        level = [
            inner
            for one in level
            for inner in (one.values() if isinstance(one, dict) else one if isinstance(one, list) else ())
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _too_deep() -> msgspec.DecodeError:
    return msgspec.DecodeError(f"nested deeper than {DEPTH_MAX}")
