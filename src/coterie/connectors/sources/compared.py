"""A whole table or list, again and again: rows that are new, rows that changed, and rows that are gone, found by comparing digests.

The digests lie beside the position (``storage/snapshots``). Every row that is told carries three columns of ours: ``$change``
(added, changed or removed), ``$read_at`` (when that reading began) and ``$id``, the same whenever that change is told again.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from coterie.clock import SystemClock
from coterie.connectors.rows import chunk_of, json_value
from coterie.connectors.sources.failures import SchemaChanged, Unreadable
from coterie.connectors.sources.marks import Mark, kept, mark_of, restored
from coterie.connectors.sources.source import Page, Position
from coterie.segments.instants import rfc3339
from coterie.storage.snapshots import Row, Snapshot, kept_any
from coterie.values import canonical

CHANGE, READ_AT, ID = "$change", "$read_at", "$id"
_SUFFIX = ".snapshot"
_STALE_S = 86_400


class Whole(Protocol):
    """Something that can be read whole, page by page, any number of times."""

    name: str
    """Which system it is, for people."""
    place: str
    """Which table or list of it."""
    sparse: bool
    """Whether a row may lack columns that others have, as in JSON."""

    def count(self) -> int:
        """Return how many rows there are, 0 when that is not cheap to know."""
        ...

    def page(self, after: Any) -> tuple[list[dict[str, Any]], Any]:
        """Return the rows behind ``after`` (``None``: the first), and the ``after`` of the next page; ``None``: this was the last."""
        ...


class Comparing(Struct, frozen=True, kw_only=True):
    """What rows are told apart by, and whether those that are gone are told."""

    key: tuple[str, ...]
    removals: bool
    limit: int
    aside: tuple[str, ...] = ()


class Place(Struct, kw_only=True, omit_defaults=True):
    """A position: which generation of digests, which reading, and how far it got. Without ``after`` and ``gone`` it has ended."""

    generation: str
    reading: int = 0
    page: int = 0
    rows: int = 0
    at: int = 0
    after: Any = None
    """Where the next page begins, as ``Whole.page`` said."""
    gone: str | None = None
    """Digest of the last row that was told to be gone; empty: none yet."""


class Compared:
    """Readings of one table. ``folder`` is where the digests lie, ``name`` the source's."""

    def __init__(self, whole: Whole, how: Comparing, folder: Path, name: str) -> None:
        self._whole, self._how, self._folder, self._name = whole, how, folder, name
        self._snapshot: Snapshot | None = None
        self._generation = ""
        self._read = self._all = 0

    def pages(self, position: Position) -> Iterator[Page]:
        """Yield what changed since the reading before, or the rest of a reading that was broken off.

        A page without a change is not told, unless its reading ends with it. Raises: the failures.
        """
        place = msgspec.convert(dict(position), Place) if position else Place(generation=secrets.token_hex(8))
        snapshot = self._opened(place)
        goes_on = place.after is not None or place.gone is not None
        if not goes_on:
            place = msgspec.structs.replace(place, reading=place.reading + 1, at=SystemClock().now())
        self._read, self._all = 0, self._whole.count()
        while True:
            full = place.gone is None  # rows that are gone have their key and nothing else
            place, rows = self._step(snapshot, place)
            ended = place.after is None and place.gone is None
            if rows or (ended and goes_on):
                goes_on = True
                yield self._page(place, rows, full=full and bool(rows))
            if ended:
                return

    def acknowledge(self, position: Position) -> None:
        """Changes up to this position count; digests of other generations, of dry runs say, are gone."""
        place = msgspec.convert(dict(position), Place)
        if self._snapshot is None or place.generation != self._generation:
            return
        self._snapshot.settle(place.page)
        for file in self._folder.glob(f"*{_SUFFIX}"):
            if file != self._snapshot.file:
                file.unlink(missing_ok=True)

    def close(self) -> None:
        """The digests are closed."""
        if self._snapshot is not None:
            self._snapshot.close()
            self._snapshot = None

    def _opened(self, place: Place) -> Snapshot:
        self.close()
        self._generation = place.generation
        file = self._folder / f"{place.generation}{_SUFFIX}"
        if place.page and not file.is_file():
            raise self._lost(file)
        if not place.page:
            self._tidy()
        self._snapshot = Snapshot(file)
        if not self._snapshot.reaches(place.page):
            raise self._lost(file)
        self._snapshot.settle(place.page, drop=True)
        return self._snapshot

    def _tidy(self) -> None:
        """Digests of dry runs and reconciliations, which nobody keeps, are gone after a day."""
        for file in self._folder.glob(f"*{_SUFFIX}"):
            if file.stat().st_mtime < SystemClock().now() / 1e6 - _STALE_S and not kept_any(file):
                file.unlink(missing_ok=True)

    def _lost(self, file: Path) -> Unreadable:
        return Unreadable(
            f"{file}: what the table held when it was read last is not there",
            hint=f"coterie sources reset {self._name} compares anew; what is known already comes under the ids it has",
        )

    def _step(self, snapshot: Snapshot, place: Place) -> tuple[Place, list[dict[str, Any]]]:
        """Return where one more page leads, and the changes in it; they are noted."""
        if place.gone is not None:
            return self._gone(snapshot, place)
        found, after = self._whole.page(place.after)
        self._read += len(found)
        keys = [[mark_of(self._cell(row, name), name) for name in self._how.key] for row in found]
        changed, noted = self._changed(snapshot, place, found, keys)
        last = after is None
        snapshot.note(place.page + 1, place.reading, noted, ends=last and not self._how.removals)
        gone = "" if last and self._how.removals else None
        return self._on(place, len(changed), after, gone), changed

    def _changed(
        self, snapshot: Snapshot, place: Place, found: Sequence[Mapping[str, Any]], keys: Sequence[Sequence[Mark]]
    ) -> tuple[list[dict[str, Any]], list[Row]]:
        texts = [canonical([kept(one) for one in key]) for key in keys]
        digests = [self._digest(text) for text in texts]
        known = snapshot.known(digests)
        changed, noted = [], []
        for row, text, key in zip(found, texts, digests, strict=True):
            whole = canonical({name: json_value(value) for name, value in row.items()})
            content = self._digest(whole)
            before = known.get(key) or Row(key, None, b"")
            same = before.row == content
            times, past = before.held(content)
            noted.append(Row(key, content, before.past if same else past, text if self._how.removals else None))
            if not same:
                change = "changed" if before.row else "added"
                changed.append({**row, CHANGE: change, READ_AT: rfc3339(place.at), ID: self._id(text, whole, times)})
        return changed, noted

    def _gone(self, snapshot: Snapshot, place: Place) -> tuple[Place, list[dict[str, Any]]]:
        found = snapshot.gone(place.reading, bytes.fromhex(place.gone or ""), self._how.limit)
        rows, noted = [], []
        for one in found:
            text = one.name or ""
            cells = dict(zip(self._how.key, map(restored, msgspec.json.decode(text)), strict=True))
            times, past = one.held(None)
            noted.append(Row(one.key, None, past, one.name))
            rows.append({**cells, CHANGE: "removed", READ_AT: rfc3339(place.at), ID: self._id(text, "", times)})
        last = len(found) < self._how.limit
        snapshot.note(place.page + 1, place.reading, noted, ends=last)
        return self._on(place, len(rows), None, None if last else found[-1].key.hex()), rows

    def _on(self, place: Place, rows: int, after: Any, gone: str | None) -> Place:
        return msgspec.structs.replace(place, page=place.page + 1, rows=place.rows + rows, after=after, gone=gone)

    def _page(self, place: Place, rows: list[dict[str, Any]], *, full: bool) -> Page:
        first = place.rows - len(rows) + 1
        chunk = chunk_of(
            rows, first=first, aside=(READ_AT, *self._how.aside), id_column=ID, sparse=self._whole.sparse or not full
        )
        done = 1.0 if place.after is None else min(self._read / max(self._all, 1), 1.0)
        return Page(chunk=chunk, position=msgspec.to_builtins(place), place=self._whole.place, done=done)

    def _cell(self, row: Mapping[str, Any], name: str) -> Any:
        if name not in row:
            raise SchemaChanged(
                f"{self._whole.name}: {self._whole.place} has no column {name}, which key names; it has {', '.join(sorted(row))}"
            )
        return row[name]

    def _digest(self, text: str) -> bytes:
        """Return what stands for a text: salted, so that equal rows of two tables cannot be recognised."""
        return hashlib.blake2b(text.encode(), digest_size=16, key=self._generation.encode()).digest()

    def _id(self, key: str, content: str, times: int) -> str:
        """Return the id of a change: of the row, what it holds now, and how often it came to hold that.

        It does not depend on the generation: a table that is read anew gives the ids that are known already.
        """
        said = f"{self._name}\0{self._whole.place}\0{key}\0{times}\0{content}"
        return hashlib.blake2b(said.encode(), digest_size=16).hexdigest()
