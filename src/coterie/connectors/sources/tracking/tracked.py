"""What comes out of a request: events with the identifiers they came with, and events refused with the reason."""

from __future__ import annotations

from msgspec import Struct

from coterie.model import Value

ALIAS = "$alias"
"""Name of the call that is no event: it says that ``previous`` and ``identifiers`` are one person."""


class Options(Struct, frozen=True, kw_only=True):
    """How calls are read, where a project may choose."""

    trait_kinds: frozenset[str] = frozenset({"email", "phone"})
    """Traits of identify that are identifiers too; only ``email`` and ``phone`` are looked for."""
    keep_ip: bool = False
    """Whether ``context.ip`` stays on events."""
    keep_user_agent: bool = False
    """Whether ``context.userAgent`` stays on events."""
    tcf: tuple[tuple[str, tuple[int, ...]], ...] = (
        ("advertising", (2, 3, 4)), ("personalization", (5, 6)), ("analytics", (8, 9)),
    )  # fmt: skip
    """Purposes, each with those of the IAB's list on which it stands: what a TC string in ``context.consent.tcf`` consents to."""
    gpc: tuple[str, ...] = ("advertising", "sale")
    """Purposes that a browser with the Global Privacy Control signal refuses."""


class Tracked(Struct, gc=False):
    """One event, of nobody yet. ``properties`` are flat and normal; ``previous`` is for ``ALIAS`` alone."""

    id: str
    name: str
    identifiers: tuple[tuple[str, str], ...]
    """(kind, value), user_id first, then anonymous_id, then what context and traits tell; at least one."""
    occurred_at: int
    """µs since 1970 UTC, corrected for the client's clock; never after the arrival."""
    properties: dict[str, Value]
    previous: tuple[tuple[str, str], ...] = ()
    """What ``previousId`` may mean: as a user_id and as an anonymous_id. The one that is known counts; the latter if none."""


class Refused(Struct, frozen=True, kw_only=True):
    """One event that was refused; its neighbours in the batch were not."""

    index: int
    """Its place in the batch, from 0."""
    reason: str
    """Few words, the same for all of a kind, so that they can be counted."""
    where: str = ""
    """The field."""
    received: str = ""
    """What was there, cut short."""
    allowed: str = ""
    hint: str = ""
    id: str = ""
    """Its messageId, empty when it had none that can be read."""
    row: str = ""
    """The event as it came, as JSON text."""

    @property
    def detail(self) -> str:
        """What was found where, and what is allowed, on one line."""
        parts = [f"{self.where}: {self.received}" if self.received else self.where]
        parts += [f"allowed: {self.allowed}"] if self.allowed else []
        return "; ".join(part for part in parts if part)


class Decoded(Struct):
    """All of one request, in its order. A body that is no JSON at all has no events and one refusal."""

    events: list[Tracked]
    refused: list[Refused]
    duplicates: int = 0
    """Events left out because an earlier one of the same request has their id."""


class Refusal(ValueError):
    """Raised while one event is read: why it cannot be taken."""

    def __init__(self, reason: str, where: str, received: object = None, allowed: str = "", hint: str = "") -> None:
        super().__init__(reason)
        self.reason, self.where, self.allowed, self.hint = reason, where, allowed, hint
        self.received = "" if received is None else _short(received)


def _short(value: object, length_max: int = 80) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= length_max else f"{text[:length_max]}…"
