"""A plan in the making: what must be remembered, each thing once however many leaves read it."""

from __future__ import annotations

import msgspec

from coterie.limits import Limits
from coterie.segments.core import Order, Selector, Test
from coterie.segments.live.layout import HIGH, LEAF_WORDS, LOW, NEED_NONE

Calendar = tuple[str, str]
"""(unit, time zone)"""


class Store(msgspec.Struct, kw_only=True):
    """One thing that is remembered of every profile. ``kept`` and ``retain`` grow to what the neediest reader asks for.

    ``quotas`` maps n to a word of the row: the latest instant since which some value was seen n times, or, for a negative
    n, that many different values. ``segments`` maps each reader to the ways in which an arrival can turn it.
    """

    kind: int
    selectors: tuple[int, ...] = ()
    column: str = ""
    after: int = LOW
    before: int = HIGH
    need: int = NEED_NONE
    kept: int = 1
    retain: int = 0
    quotas: dict[int, int] = {}
    sequence: tuple[int, ...] = ()
    steps: tuple[tuple[int, int], ...] = ()
    salt: str = ""
    slot: int = -1
    critical: int = -1
    segments: dict[int, int] = {}

    def identity(self, selectors: list[bytes]) -> bytes:
        """Return what two stores of different plans share when they remember the same thing."""
        asked = [selectors[i].hex() if i >= 0 else "" for i in self.selectors]
        gaps = [within for _, within in self.steps]
        return msgspec.json.encode(
            [self.kind, asked, self.column, self.after, self.before, self.need, self.sequence, gaps, self.salt]
        )


class Table(msgspec.Struct, frozen=True):
    """What is computed once per distinct value of a property: the verdict of a test, a number, an instant, a unit."""

    column: str
    what: str
    test: Test | None = None
    time_zone: str = ""


class Leaf(msgspec.Struct, kw_only=True):
    """One leaf of the plan; slots are known only when every store has been asked for."""

    fields: dict[int, int] = {}
    number: float = 0.0
    store: Store | None = None
    word: int = 0
    quota: int = 0
    critical: bool = False
    table: int = -1
    trait: Store | None = None
    trait_table: int = -1
    calendar: int = -1
    days: int = -1

    def encoded(self) -> list[int]:
        row = [0] * LEAF_WORDS
        for column, value in self.fields.items():
            row[column] = value
        return row


class Draft:
    """Everything a catalog needs, registered leaf by leaf."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.stores: list[Store] = []
        self.selectors: list[Selector] = []
        self.selector_keys: list[bytes] = []
        self.tables: list[Table] = []
        self.leaves: list[Leaf] = []
        self.calendars: list[Calendar] = []
        self.coded: list[str] = []
        self.numbered: list[str] = []
        self._stores: dict[bytes, Store] = {}
        self._tables: dict[bytes, int] = {}
        self._leaves: dict[bytes, int] = {}

    def selector(self, selector: Selector) -> int:
        """Return the number of a selector; equal ones share it."""
        key = msgspec.json.encode(selector)
        if key not in self.selector_keys:
            self.selector_keys.append(key)
            self.selectors.append(selector)
            for field in selector.where:
                if isinstance(field.test, Order):
                    self.number_column(field.key)
                else:
                    self.table(Table(field.key, "test", field.test))
        return self.selector_keys.index(key)

    def code_column(self, key: str) -> int:
        if key not in self.coded:
            self.coded.append(key)
        return self.coded.index(key)

    def number_column(self, key: str) -> int:
        if key not in self.numbered:
            self.numbered.append(key)
        return self.numbered.index(key)

    def calendar(self, unit: str, time_zone: str) -> int:
        if (unit, time_zone) not in self.calendars:
            self.calendars.append((unit, time_zone))
        return self.calendars.index((unit, time_zone))

    def table(self, table: Table) -> int:
        """Return the number of a table over the codes of its property."""
        self.code_column(table.column)
        key = msgspec.json.encode(table)
        if key not in self._tables:
            self._tables[key] = len(self.tables)
            self.tables.append(table)
        return self._tables[key]

    def store(self, asked: Store) -> Store:
        """Return the store that remembers what ``asked`` does, keeping as much as either needs."""
        key = asked.identity(self.selector_keys)
        store = self._stores.get(key)
        if store is None:
            store = self._stores[key] = asked
            asked.quotas, asked.segments = dict(asked.quotas), {}
            self.stores.append(asked)
        store.kept = max(store.kept, asked.kept)
        store.retain = max(store.retain, asked.retain)
        for n in asked.quotas:
            store.quotas.setdefault(n, -1)
        return store

    def leaf(self, leaf: Leaf) -> int:
        """Return the number of a leaf; equal ones share it."""
        of = [None if s is None else self.stores.index(s) for s in (leaf.store, leaf.trait)]
        plain = [
            sorted(leaf.fields.items()),
            repr(leaf.number),
            leaf.calendar,
            leaf.days,
            leaf.word,
            leaf.quota,
            leaf.critical,
            leaf.table,
        ]
        key = msgspec.json.encode([*plain, leaf.trait_table, *of])
        if key not in self._leaves:
            self._leaves[key] = len(self.leaves)
            self.leaves.append(leaf)
        return self._leaves[key]
