"""What every cache takes: people as they are now, how far it has come, and a rebuild that readers do not notice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from coterie.model import Value


class Entry(Struct, frozen=True, kw_only=True):
    """One profile id as it is now. An id that was merged away has no segments of its own, only ``merged_into``."""

    profile: str
    segments: tuple[str, ...] = ()
    traits: dict[str, Value] = {}
    merged_into: str = ""
    joined: tuple[str, ...] = ()
    """Segments whose sets must hold the profile."""
    left: tuple[str, ...] = ()
    """Segments whose sets must not."""


class Cursor(Struct, frozen=True, kw_only=True):
    """How far a cache has come. It lies in the cache itself, so a cache that lost its data says so by lacking it."""

    home: str
    """Which project's state was written, so that one cache is never continued with another's."""
    sequence: int
    """The last membership change that is in."""
    log_position: int
    """Rows of the log whose traits are in."""
    build: int
    """Which rebuild the contents come from."""


class Document(Struct, omit_defaults=True):
    """What is stored of a profile, as JSON."""

    segments: list[str]
    traits: dict[str, Value]
    merged_into: str = ""


class Cache(Protocol):
    """One cache server. Every method raises Transient when the server cannot be reached or refuses."""

    def cursor(self) -> Cursor | None:
        """Return how far the contents are, ``None`` when the cache is empty."""

    def write(self, entries: Sequence[Entry], counts: Mapping[str, int], cursor: Cursor) -> None:
        """The entries and sizes are in, and the cursor says so. Writing the same again changes nothing."""

    def begin(self) -> None:
        """A rebuild has begun; what an earlier one left unfinished is gone. Readers see what they saw."""

    def add(self, entries: Sequence[Entry], cursor: Cursor) -> None:
        """The entries (all their segments in ``joined``) are part of the rebuild that ``cursor`` names."""

    def finish(self, segments: Sequence[str], counts: Mapping[str, int], cursor: Cursor) -> None:
        """The sets of exactly these segments are the rebuilt ones, all at one instant, and nothing else is left."""

    def knows(self, profiles: Sequence[str]) -> int:
        """Return how many of the profiles have something here."""

    def forget(self, profiles: Sequence[str]) -> int:
        """Return how many of the profiles had something here; nothing of any of them is here now, in no set of members either."""

    def close(self) -> None:
        """The connection is closed."""
