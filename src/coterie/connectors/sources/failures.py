"""Why a source cannot be read. Each class says by itself whether a later try may help (``retry``)."""

from __future__ import annotations

from coterie.errors import Terminal, Transient


class Unreachable(Transient):
    """Nobody answers there, or not in time."""


class RateLimited(Transient):
    """The other side asks for patience. ``retry_after_s`` is how long it said, 0 when it did not say."""

    def __init__(self, message: str, *, retry_after_s: float = 0.0, hint: str = "") -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message, hint=hint)


class Truncated(Transient):
    """What is there ends too early: an upload that goes on, a file that was cut off. What was read before stays read."""


class CredentialsRefused(Terminal):
    """The other side knows us not, or does not let us read this."""


class SchemaChanged(Terminal):
    """Columns or fields that the mapping reads are gone or of another type."""


class Absent(Terminal):
    """The table, bucket, topic, file or address does not exist."""


class Unreadable(Terminal):
    """What is there is not of the kind that the source expects."""
