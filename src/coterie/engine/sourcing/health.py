"""How a source that the server reads is doing."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Phase = Literal["reading", "waiting", "resting", "failed", "off", "pushed"]
"""``reading``: now. ``waiting``: for its time, or to be asked. ``resting``: after a failure that may pass; it will be tried again.
``failed``: nothing helps but a change; it waits to be asked. ``off``: its file says so. ``pushed``: the other side sends."""


class SourceHealth(Struct, frozen=True, kw_only=True):
    """One source since the server began; instants in µs since 1970 UTC, 0 for never."""

    name: str
    kind: str
    phase: Phase
    error: str = ""
    """Why it rests or failed; the last line that was told, also with its hint."""
    error_kind: str = ""
    """Name of the error: ``RateLimited``, ``CredentialsRefused`` …"""
    retries: int = 0
    """Failures in a row."""
    next_at: int = 0
    """When it is read next, as far as that is known."""
    read_at: int = 0
    """When a reading came to its end last; of a stream, when it was asked last."""
    place: str = ""
    """Where it is, or was last."""
    done: float = 0.0
    """Share of the present reading, as far as that is known."""
    rows: int = 0
    events: int = 0
    refused: int = 0
    skipped: int = 0
