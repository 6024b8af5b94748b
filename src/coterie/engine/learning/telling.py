"""What work that takes long tells of itself, and what was found as plain data."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from coterie.errors import Transient
from coterie.model import Undetermined

Told = Callable[[str, float], None]
"""Is told what is done now, and which share of everything is done."""


class Stopped(Transient):
    """Long work was stopped where it told of itself; nothing of it was kept."""


def quiet(doing: str, share: float) -> None:
    """Nothing is told."""


def plain(data: Any) -> Any:
    """Return structs as plain finite JSON data: what cannot be said is {"undetermined": reason}, what is no number null."""
    if isinstance(data, Undetermined):
        return {"undetermined": data.reason}
    if isinstance(data, Struct):
        return {name: plain(getattr(data, name)) for name in data.__struct_fields__}
    if isinstance(data, dict):
        return {str(key): plain(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [plain(one) for one in data]
    if isinstance(data, float):
        return data if math.isfinite(data) else None
    return msgspec.to_builtins(data)
