"""One chunk of rows through a mapping: events and traits for the log, and refused rows for quarantine."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct

from coterie.connectors.column import Column, Mask, Refused
from coterie.connectors.instant_column import instants, reader
from coterie.connectors.mapping import EventRule, IdentifierRule, Mapping, PropertyRule, TimeRule
from coterie.connectors.property_column import as_number, pointed, property_column
from coterie.connectors.rows import Chunk
from coterie.identity.rules import USER_ID
from coterie.limits import Limits
from coterie.model import IDENTIFY, SET
from coterie.segments.core import Order, Test
from coterie.segments.holds import holds
from coterie.storage import quarantine
from coterie.storage.log import objects
from coterie.values import canonical, flatten

IDENTIFIERS = "identifiers"
Told = dict[str, tuple[int, str]]
"""Profile → the newest instant of its rows so far, and the traits that it had then."""
Instants = np.ndarray[Any, np.dtype[np.int64]]


class Taken(Struct, frozen=True, kw_only=True):
    """What became of some rows. ``events`` are log columns without position, ``refused`` those of the quarantine.

    When the mapping names identifiers, ``events`` has the column ``identifiers`` too: JSON, ``[[kind, value], …]``.
    """

    rows: int
    events: pa.Table
    refused: pa.Table
    skipped: int = 0


class Conversion:
    """One chunk on its way: the checks refuse rows one after the other, and the first reason stays."""

    def __init__(
        self,
        mapping: Mapping,
        chunk: Chunk,
        ids: list[str],
        place: str,
        now: int,
        limits: Limits,
        told: Told | None = None,
    ) -> None:
        self._told = {} if told is None else told
        self._mapping, self._chunk, self._row_ids, self._place, self._now, self._limits = (
            mapping,
            chunk,
            ids,
            place,
            now,
            limits,
        )
        self._length = len(chunk.numbers)
        self._good: Mask = np.ones(self._length, dtype=bool)
        self._reasons: dict[int, tuple[str, str]] = {}

    def run(self) -> Taken:
        """Return the events of the good rows and the rest with reasons: every row is in one of them, or was to be skipped."""
        for name, column in self._chunk.columns.items():
            self._refuse(column.refused(), "unreadable text", _why(name, column))
        occurred, received = self._times()
        profile, anonymous = self._profiles()
        ids = self._ids()
        choice = self._choices()
        skipped = self._good & (choice < 0)
        pieces = self._shared_properties()
        own = [self._own_properties(rule, choice == place) for place, rule in enumerate(self._mapping.events)]
        self._check_size(pieces)
        traits = self._properties(self._mapping.traits, ~anonymous)
        called = self._identifiers() if self._mapping.identifiers else None
        base = _Base(self._good & (choice >= 0), ids, profile, occurred, received, called)
        tables = [self._traits(traits, base, anonymous)] if self._mapping.traits else []
        for place, rule in enumerate(self._mapping.events):
            rows = base.good & (choice == place)
            tables.append(base.events(rows, self._names(rule), {**pieces, **own[place]}, ""))
        for number, rule in enumerate(self._mapping.also, 1):
            extra = self._own_properties(rule, self._when(rule))
            rows = base.good & self._when(rule)
            tables.append(base.events(rows, self._names(rule), {**pieces, **extra}, f"+{number}"))
        return Taken(
            rows=self._length + len(self._chunk.broken),
            events=base.in_order(tables),
            refused=self._refused(),
            skipped=int((skipped & self._good).sum()),
        )

    # ── checks ───────────────────────────────────────────────────────────────────────────────────────────────

    def _refuse(self, wrong: Mask, reason: str, detail: str | Callable[[int], str]) -> None:
        for row in np.flatnonzero(wrong & self._good).tolist():
            self._reasons[row] = (reason, detail if isinstance(detail, str) else detail(row))
            self._good[row] = False

    def _column(self, name: str) -> Column:
        return self._chunk.columns.get(name) or Column.constant(None, self._length)

    def _instants(self, rule: TimeRule, what: str) -> Instants:
        column = instants(self._column(rule.column), rule)
        if rule.otherwise:
            spare = self._column(rule.otherwise).map(reader("any", rule.time_zone))
            column = column.filled(spare)
        self._refuse(column.missing(), f"{what} is missing", f"column {rule.column}")
        self._refuse(column.refused(), f"{what} cannot be read", _why(rule.column, column))
        return column.numbers(np.int64, 0)

    def _times(self) -> tuple[Instants, Instants]:
        rule = self._mapping
        occurred = self._instants(rule.occurred_at, "occurred_at")
        if isinstance(rule.received_at, TimeRule):
            received = self._instants(rule.received_at, "received_at")
        else:
            received = occurred if rule.received_at == "occurred_at" else np.full(self._length, self._now, np.int64)
        skew = self._limits.clock_skew_us
        ahead = np.maximum(occurred - received, received - self._now)
        self._refuse(ahead > skew, "lies in the future", lambda row: f"{ahead[row] / 1e6:.0f} s ahead of its arrival")
        received = np.minimum(received, self._now)
        return np.minimum(occurred, received), received

    def _profiles(self) -> tuple[pa.Array, Mask]:
        rule = self._mapping.profile
        if not rule.column:
            profile = self._first_identifiers()
            self._refuse(pc.is_null(profile).to_numpy(zero_copy_only=False), "profile is missing", self._named())
            return profile, np.zeros(self._length, dtype=bool)
        known = self._column(rule.column).map(lambda value: f"{rule.prefix}{_plain(value)}")
        absent = known.missing()
        if not rule.anonymous:
            self._refuse(absent, "profile is missing", f"column {rule.column}")
            return known.strings(), np.zeros(self._length, dtype=bool)
        other = self._column(rule.anonymous).map(lambda value: f"{rule.anonymous_prefix}{_plain(value)}")
        self._refuse(absent & other.missing(), "profile is missing", f"columns {rule.column} and {rule.anonymous}")
        return pc.if_else(pa.array(absent), other.strings(), known.strings()), absent

    def _named(self) -> str:
        return f"columns {', '.join(one.column for one in self._mapping.identifiers)}"

    def _values_of(self, rule: IdentifierRule) -> Column:
        return self._column(rule.column).map(lambda value: f"{rule.prefix}{_plain(value)}")

    def _first_identifiers(self) -> pa.Array:
        """Return what a profile that is called after its first identifier is called."""
        rules = self._mapping.identifiers
        named = [
            values.strings() if one.kind == USER_ID else values.map(lambda v, kind=one.kind: f"{kind}:{v}").strings()  # type: ignore[misc]
            for one in rules
            for values in [self._values_of(one)]
        ]
        return pc.coalesce(*named) if named else pa.nulls(self._length, pa.string())

    def _identifiers(self) -> pa.Array:
        """Return the identifiers of every row as JSON: [[kind, value], …]."""
        pieces = [
            self._values_of(one).map(lambda value, kind=one.kind: f",{canonical([kind, value])}").strings()  # type: ignore[misc]
            for one in self._mapping.identifiers
        ]
        joined = pc.binary_join_element_wise(*pieces, "", null_handling="replace", null_replacement="")
        return pc.binary_join_element_wise("[", pc.utf8_slice_codeunits(joined, 1), "]", "")

    def _ids(self) -> pa.Array:
        rule = self._mapping.id
        if not rule.columns:
            return pa.array(self._row_ids, pa.string())
        pieces = [self._column(name).map(_plain) for name in rule.columns]
        for name, piece in zip(rule.columns, pieces, strict=True):
            self._refuse(piece.missing(), "id is missing", f"column {name}")
        first, *rest = [piece.strings() for piece in pieces]
        joined = pc.binary_join_element_wise(first, *rest, "/") if rest else first
        return pc.binary_join_element_wise(rule.prefix, joined, "") if rule.prefix else joined

    # ── which event ──────────────────────────────────────────────────────────────────────────────────────────

    def _when(self, rule: EventRule) -> Mask:
        met: Mask = np.ones(self._length, dtype=bool)
        for one in rule.when:
            column = self._column(one.column)
            if isinstance(one.test, Order):
                column = column.map(pointed(self._mapping.layout.decimal)).map(as_number)
            met &= column.where(_holds(one.test)) != one.negate
        return met

    def _choices(self) -> Instants:
        """Return for each row the place of the first event rule that it meets, −1 for none."""
        choice = np.full(self._length, -1, dtype=np.int64)
        for place, rule in enumerate(self._mapping.events):
            choice[(choice < 0) & self._when(rule)] = place
        if self._mapping.unmatched == "quarantine":
            self._refuse(choice < 0, "no event rule matches", "events: when")
        for place, rule in enumerate(self._mapping.events):
            if rule.column:
                missing = self._column(rule.column).missing() & (choice == place)
                self._refuse(missing, "event name is missing", f"column {rule.column}")
        return choice

    def _names(self, rule: EventRule) -> pa.Array:
        if rule.name:
            return Column.constant(rule.name, self._length).strings()
        return self._column(rule.column).map(lambda value: rule.names.get(str(value), _plain(value))).strings()

    # ── properties ───────────────────────────────────────────────────────────────────────────────────────────

    def _properties(self, rules: tuple[PropertyRule, ...], rows: Mask) -> dict[str, pa.Array]:
        pieces = {}
        for rule in rules:
            column = property_column(rule, self._chunk.columns, self._length, self._mapping.layout.decimal)
            self._refuse(column.refused() & rows, "wrong type", _why(rule.key, column))
            if rule.required:
                self._refuse(column.missing() & rows, "property is missing", rule.key)
            pieces[rule.key] = column.texts()
        return pieces

    def _shared_properties(self) -> dict[str, pa.Array]:
        pieces = {key: column.texts() for key, column in self._spread().items()}
        return {**pieces, **self._properties(self._mapping.properties, np.ones(self._length, dtype=bool))}

    def _spread(self) -> dict[str, Column]:
        """Return the columns that become properties as they are: those below a name, or the keys of a column of JSON."""
        name = self._mapping.spread
        if name is None:
            return {}
        if name in self._chunk.columns:
            whole = property_column(PropertyRule(key=name, column=name, type="json"), self._chunk.columns, self._length)
            whole = whole.map(lambda value: flatten(value) if isinstance(value, dict) else Refused("not an object"))
            self._refuse(whole.refused(), "wrong type", _why(name, whole))
            objects_there = [one for one in whole.values if isinstance(one, dict)]
            keys = dict.fromkeys(key for one in objects_there for key in one)
            return {key: whole.map(lambda value, key=key: value.get(key)) for key in keys}  # type: ignore[misc]
        prefix, taken = (f"{name}.", frozenset[str]()) if name else ("", self._mapping.columns())
        taken |= self._chunk.aside | {self._chunk.id_column}
        columns = self._chunk.columns.items()
        return {
            one[len(prefix) :]: column
            for one, column in columns
            if one.startswith(prefix) and one not in taken and not one.startswith("$")
        }

    def _own_properties(self, rule: EventRule, rows: Mask) -> dict[str, pa.Array]:
        return self._properties(rule.properties, rows)

    def _check_size(self, pieces: dict[str, pa.Array]) -> None:
        if not pieces:
            return
        sizes = sum(pc.fill_null(pc.binary_length(piece), 0).to_numpy() for piece in pieces.values())
        bound = self._limits.event_bytes_max
        self._refuse(sizes > bound, "properties are too large", f"more than {bound} bytes")

    # ── what comes out ───────────────────────────────────────────────────────────────────────────────────────

    def _traits(self, pieces: dict[str, pa.Array], base: _Base, anonymous: Mask) -> pa.Table:
        """Return trait events of the rows that change what was known of a profile when they happened.

        A row says something new unless it is the newest of its profile so far and has the traits of the newest before. So the
        answer depends on the order of the rows, not on how they are cut into chunks; ``self._told`` goes from chunk to chunk.
        """
        body = objects(pieces, self._length)
        bodies, people = Column.of_arrow(body), Column.of_arrow(base.profile)
        rows = np.flatnonzero(base.good & ~anonymous & pc.not_equal(body, "{}").to_numpy(zero_copy_only=False))
        kept: Mask = np.zeros(self._length, dtype=bool)
        told, columns = self._told, (people.codes[rows], bodies.codes[rows], base.occurred[rows])
        for row, person, code, at in zip(rows.tolist(), *(one.tolist() for one in columns), strict=True):
            profile, traits = people.values[person], bodies.values[code]
            newest, before = told.get(profile, (at, ""))
            kept[row] = at < newest or traits != before
            if at >= newest:
                told[profile] = (at, traits)
        name = IDENTIFY if self._mapping.traits_as == "identify" else SET
        table = base.events(kept, Column.constant(name, self._length).strings(), None, "", body)
        return table.set_column(0, "event_id", pa.array(_trait_ids(self._mapping.source, table), pa.string()))

    def _refused(self) -> pa.Table:
        rows = sorted(self._reasons)
        numbers = self._chunk.numbers
        entries = [
            (self._row_ids[row], *self._reasons[row], f"{self._place} row {numbers[row]}", self._chunk.row(row))
            for row in rows
        ]
        for number, text, why in self._chunk.broken:
            digest = hashlib.blake2b(f"{self._place}\0{number}\0{text}".encode(), digest_size=16).hexdigest()
            entries.append((digest, "not a row", why, f"{self._place} row {number}", text))
        columns: list[list[Any]] = (
            [list(one) for one in zip(*entries, strict=True)] if entries else [[] for _ in range(5)]
        )
        ids, reasons, details, places, raw = columns
        stamps, sources = [self._now] * len(ids), [self._mapping.source] * len(ids)
        return pa.table([ids, reasons, places, details, raw, stamps, sources], schema=quarantine.SCHEMA)


class _Base:
    """The columns that all events of a chunk share."""

    def __init__(
        self,
        good: Mask,
        ids: pa.Array,
        profile: pa.Array,
        occurred: Instants,
        received: Instants,
        called: pa.Array | None,
    ) -> None:
        self.good, self.ids, self.profile, self.occurred, self.received = good, ids, profile, occurred, received
        self._called = called
        self._rows: list[Instants] = []

    def events(
        self, rows: Mask, names: pa.Array, pieces: dict[str, pa.Array] | None, suffix: str, body: pa.Array | None = None
    ) -> pa.Table:
        """Return the events of ``rows`` as log columns, with ids that end in ``suffix``."""
        mask = pa.array(rows)
        count = int(rows.sum())
        self._rows.append(np.flatnonzero(rows))
        properties = (
            body.filter(mask)
            if body is not None
            else objects({key: piece.filter(mask) for key, piece in (pieces or {}).items()}, count)
        )
        ids = self.ids.filter(mask)
        called = {} if self._called is None else {IDENTIFIERS: self._called.filter(mask)}
        return pa.table(
            {
                "event_id": pc.binary_join_element_wise(ids, suffix, "") if suffix else ids,
                "profile": self.profile.filter(mask),
                "name": names.filter(mask),
                "occurred_at": self.occurred[rows],
                "received_at": self.received[rows],
                "properties": properties,
                **called,
            }
        )

    def in_order(self, tables: list[pa.Table]) -> pa.Table:
        """Return the tables that ``events`` gave, one after the other, as one in the order of the rows.

        So the order of a log depends on the order of a source, not on how it is cut into chunks.
        """
        order = np.argsort(np.concatenate(self._rows), kind="stable")
        return pa.concat_tables(tables).take(pa.array(order))


def _trait_ids(source: str, table: pa.Table) -> list[str]:
    columns = (table[name].to_pylist() for name in ("profile", "occurred_at", "properties"))
    return [
        hashlib.blake2b("\0".join((source, profile, str(at), told)).encode(), digest_size=16).hexdigest()
        for profile, at, told in zip(*columns, strict=True)
    ]


def _why(label: str, column: Column) -> Callable[[int], str]:
    return lambda row: f"{label}: {column.at(row).why}"


def _holds(test: Test) -> Callable[[Any], bool]:
    return lambda value: holds(test, None if isinstance(value, Refused) else value)


def _plain(value: Any) -> str:
    return (
        value
        if isinstance(value, str)
        else str(int(value) if isinstance(value, float) and value.is_integer() else value)
    )
