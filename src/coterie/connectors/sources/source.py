"""What every source is: something that can be read on from a position, any number of times, with the same result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from msgspec import Struct

from coterie.connectors.rows import Chunk

Position = Mapping[str, Any]
"""Where to go on: JSON that only its source understands. Empty: from the beginning."""


class Page(Struct, frozen=True, kw_only=True):
    """Some rows in the order of the source, and where to go on when they are kept."""

    chunk: Chunk
    position: Position
    place: str
    """Where the rows lie, for people: ``orders.csv``, ``orders, partition 3``. Its rows are numbered by the chunk."""
    scope: str = ""
    """Within what rows are numbered, and equal rows without an id are counted: a file; empty for a table."""
    done: float = 0.0
    """Share of what there is that has been read, 0 when nobody knows."""


class Sight(Struct, frozen=True, kw_only=True):
    """What a look at a source found, without reading it all."""

    what: str
    """A sentence: "table orders, 1,204 rows, 7 columns"."""
    columns: Mapping[str, str] = {}
    """Column or field → type in the words of the source."""
    rows: int | None = None
    """How many rows there are in all, when that is cheap to know."""


class Source(Protocol):
    """One opened source. All methods are called from one thread. Errors are those of ``failures``."""

    continuous: bool
    """Whether ``read`` goes on for ever and yields what comes when it comes (a stream), or ends when nothing is left."""

    def look(self) -> Sight:
        """Return what is there. Raises: Unreachable, CredentialsRefused, Absent."""
        ...

    def read(self, position: Position) -> Iterator[Page]:
        """Yield what lies behind ``position``, in pages that never differ in content when they are read again from there.

        A continuous source yields at least once a second, an empty page when nothing came.
        """
        ...

    def acknowledge(self, position: Position) -> None:
        """Everything up to ``position`` is durable here; the other side may forget it."""
        ...

    def close(self) -> None:
        """Connections are closed; the source may be dropped from any state."""
        ...
