"""A catalog becomes a plan: words of the row are given out, and everything is written into one array of records."""

from __future__ import annotations

import hashlib

import numpy as np
from msgspec import Struct

from coterie.limits import Limits
from coterie.segments.catalog import Catalog
from coterie.segments.core import Compare, Hash, InSegment, Node, Order, leaves, references
from coterie.segments.instants import boundaries
from coterie.segments.live import layout as at
from coterie.segments.live.draft import Draft, Leaf, Store, Table
from coterie.segments.live.effects import note_effects
from coterie.segments.live.layout import Ints
from coterie.segments.live.lowering import QUOTA_MOST, Expression, lower_measure
from coterie.segments.live.nothing import holds_of_nothing
from coterie.segments.live.programs import depth_of, encode, lower_node

INLINE = (at.K_LATEST, at.K_EARLIEST)
WORDS = {at.K_TOTAL: 2, at.K_FIRST: 3, at.K_LAST: 3}
CODED = (at.K_FIRST, at.K_LAST, at.K_RUN_CODE, at.K_RUN_KEYED, at.K_RUN_STEPS)
RUN_KINDS = range(at.K_RUN, at.K_HASH)
ORDERS = {"<": at.LT, "<=": at.LE, ">": at.GT, ">=": at.GE}
TALLIED = (at.T_RUN_DISTINCT, at.T_RUN_REPEATS, at.T_RUN_FREQUENT)


class Design(Struct, kw_only=True):
    """A plan, and what the interpreter knows of it: the draft it was made of, and where tables are pointed to.

    ``tables`` holds (word of the plan, number of the table) of every word that says where a table begins.
    """

    draft: Draft
    plan: Ints
    keys: tuple[str, ...]
    versions: tuple[int, ...]
    tables: list[tuple[int, int]]
    stores_at: list[int]
    dependents: list[list[int]]
    salts: tuple[tuple[str, int], ...]
    scratch: int
    measures: dict[str, tuple[int, int]]
    """Where the records of each model's measures begin, and how many there are."""
    shape: bytes
    """What tells the layout of rows and runs from any other: a digest of the plan as it was made."""

    @property
    def runs(self) -> int:
        return sum(store.kind in RUN_KINDS for store in self.draft.stores)

    def identities(self) -> dict[bytes, Store]:
        """Return the stores by what they remember."""
        return {store.identity(self.draft.selector_keys): store for store in self.draft.stores}


def design(catalog: Catalog, limits: Limits) -> Design:
    """Return the plan of a catalog, with no class of names in it yet and every table at 0."""
    draft = Draft(limits)
    segments = list(catalog)
    order = {segment.key: i for i, segment in enumerate(segments)}
    programs, depth = [], 1
    for i, segment in enumerate(segments):
        expression = lower_node(draft, segment.node, order)
        note_effects(draft, i, expression)
        programs.append(expression)
        depth = max(depth, depth_of(expression))
    measured = {
        model: [lower_measure(draft, term, order) for term in terms] for model, terms in catalog.measures.items()
    }
    depth = max([depth, *(depth_of(one) for some in measured.values() for one in some)])
    dependents: list[list[int]] = [[] for _ in segments]
    for i, segment in enumerate(segments):
        for key in references(segment.node):
            dependents[order[key]].append(i)
    writing = _Writing(draft, len(segments))
    for number, expression in enumerate(programs):
        writing.segment(number, encode(expression, writing.leaves_at), dependents[number])
    writing.first([i for i, segment in enumerate(segments) if _may_hold_at_first(segment.node)])
    measures = {model: (writing.measures(some), len(some)) for model, some in measured.items()}
    scratch = writing.scratch(depth, limits)
    return Design(
        draft=draft,
        plan=np.array(writing.words, np.int64),
        keys=catalog.keys,
        versions=tuple(segment.version for segment in segments),
        tables=writing.tables,
        stores_at=writing.stores_at,
        dependents=dependents,
        salts=tuple((store.salt, store.slot) for store in draft.stores if store.kind == at.K_HASH),
        scratch=scratch,
        measures=measures,
        shape=hashlib.blake2b(np.array(writing.words, np.int64).tobytes(), digest_size=16).digest(),
    )


def due_word(segments: int) -> int:
    """Return the word of the row at which the due bounds begin."""
    return at.BITS + (segments + 63) // 64


def _give_words(draft: Draft, segments: int) -> int:
    """Every store, quota and sequence has its words in the row; return how many words the row has."""
    word = due_word(segments) + (segments + 1) // 2
    for store in sorted(draft.stores, key=lambda one: one.kind):
        store.slot = word
        word += store.kept if store.kind in INLINE else WORDS.get(store.kind, 1)
        for n in sorted(store.quotas):
            store.quotas[n] = word
            word += 1
        if store.kind == at.K_RUN_STEPS and store.sequence[2] != at.MODE_SCAN:
            store.critical = word
            word += 1
    return word


def _blank(draft: Draft, width: int, segments: int) -> list[int]:
    """Return the row of a profile of which nothing is known."""
    row = [0] * width
    row[at.CLOCK] = at.LOW
    row[at.TIMER] = -1
    row[due_word(segments) : due_word(segments) + (segments + 1) // 2] = [-1] * ((segments + 1) // 2)
    for store in draft.stores:
        if store.kind in INLINE:
            row[store.slot : store.slot + store.kept] = [at.LOW if store.kind == at.K_LATEST else at.HIGH] * store.kept
        elif store.kind in (at.K_SMALLEST, at.K_LARGEST):
            row[store.slot] = int(at.bits_of(np.nan))
        elif store.kind in (at.K_FIRST, at.K_LAST):
            row[store.slot] = at.HIGH if store.kind == at.K_FIRST else at.LOW
            row[store.slot + 2] = -1
        for word in store.quotas.values():
            row[word] = at.LOW
        if store.critical >= 0:
            row[store.critical] = at.LOW if store.sequence[2] == at.MODE_START else at.HIGH
    return row


def _may_hold_at_first(node: Node) -> bool:
    """Return whether a profile of which nothing is known may be in the segment: if so it is evaluated for everyone new."""
    found = leaves(node)
    if any(
        isinstance(leaf, InSegment) or (isinstance(leaf, Compare) and isinstance(leaf.term, Hash)) for leaf in found
    ):
        return True
    return holds_of_nothing(node)


def _by_size(quota: tuple[int, int]) -> tuple[bool, int]:
    """Return the order of quotas: repeats first, then how many differ, each from small to large."""
    return quota[0] < 0, abs(quota[0])


class _Writing:
    """The words of a plan in the making; every method appends records and returns, or keeps, where they begin."""

    def __init__(self, draft: Draft, segments: int) -> None:
        self.draft = draft
        self.segments = segments
        self.tables: list[tuple[int, int]] = []
        width = _give_words(draft, segments)
        self.words: list[int] = [0] * (at.HEADER + segments * at.SEGMENT_WORDS)
        self.words[at.WIDTH], self.words[at.SEGMENTS] = width, segments
        self.words[at.DUE], self.words[at.PROGRAMS] = 2 * due_word(segments), at.HEADER
        self.words[at.RUN_MOST] = min(draft.limits.run_entries_max, at.ENTRIES - 1)
        self.words[at.BLANK] = self._add(_blank(draft, width, segments))
        self.calendars_at = [self._calendar(unit, zone) for unit, zone in draft.calendars]
        self.selectors_at = [self._selector(number) for number in range(len(draft.selectors))]
        sequences = [self._sequence(store) for store in draft.stores]
        quotas = [
            self._add([w for pair in sorted(store.quotas.items(), key=_by_size) for w in pair])
            for store in draft.stores
        ]
        fed = [self._add([one << 2 | way for one, way in sorted(store.segments.items())]) for store in draft.stores]
        self.words[at.STORES] = len(self.words)
        self.stores_at = [
            self._store(store, *places) for store, *places in zip(draft.stores, sequences, quotas, fed, strict=True)
        ]
        self.words[at.STORES_END] = len(self.words)
        self.leaves_at = [self._leaf(leaf) for leaf in draft.leaves]

    def _add(self, words: list[int]) -> int:
        self.words.extend(words)
        return len(self.words) - len(words)

    def _calendar(self, unit: str, time_zone: str) -> int:
        first, instants = boundaries(unit, time_zone)
        begin = len(self.words) + at.CALENDAR_WORDS
        place = self._add([begin, begin + len(instants), first])
        self._add(list(instants))
        return place

    def _selector(self, number: int) -> int:
        selector = self.draft.selectors[number]
        filters = len(self.words)
        for field in selector.where:
            ordered = isinstance(field.test, Order)
            column = (self.draft.numbered if ordered else self.draft.coded).index(field.key)
            order, bits = -1, 0
            if isinstance(field.test, Order):
                order, bits = ORDERS[field.test.op], int(at.bits_of(float(field.test.number)))
            place = self._add([column, 0, order, int(field.negate), bits])
            if not ordered:
                self.tables.append((place + at.F_TABLE, self.draft.table(Table(field.key, "test", field.test))))
        return self._add([filters, len(self.words), number])

    def _sequence(self, store: Store) -> int:
        if store.kind != at.K_RUN_STEPS:
            return -1
        window, wait, mode, tied = store.sequence
        absent = self.selectors_at[store.selectors[-1]] if store.selectors[-1] >= 0 else -1
        place = self._add([len(store.steps), absent, window, wait, mode, tied, store.critical])
        for selector, within in store.steps:
            self._add([self.selectors_at[selector], within])
        return place

    def _store(self, store: Store, sequence: int, quotas: int, fed: int) -> int:
        row = [0] * at.STORE_WORDS
        row[at.S_KIND], row[at.S_SLOT], row[at.S_KEPT] = store.kind, store.slot, store.kept
        columns = self.draft.coded if store.kind in CODED else self.draft.numbered
        row[at.S_COLUMN] = columns.index(store.column) if store.column else -1
        row[at.S_RETAIN], row[at.S_AFTER], row[at.S_BEFORE] = store.retain, store.after, store.before
        row[at.S_STRIDE] = {at.K_RUN: 1, at.K_RUN_KEYED: 3}.get(store.kind, 2)
        row[at.S_SELECTOR] = -1
        if store.kind != at.K_RUN_STEPS and store.selectors:
            selector = store.selectors[0]
            row[at.S_SELECTOR] = self.selectors_at[selector] if self.draft.selectors[selector].where else -1
        row[at.S_NEED] = store.need
        row[at.S_QUOTAS], row[at.S_QUOTAS_END] = quotas, quotas + 2 * len(store.quotas)
        row[at.S_SEQUENCE] = sequence
        row[at.S_SEGMENTS], row[at.S_SEGMENTS_END] = fed, fed + len(store.segments)
        return self._add(row)

    def _leaf(self, leaf: Leaf) -> int:
        row = leaf.encoded()
        row[at.L_BITS] = int(at.bits_of(leaf.number))
        if leaf.calendar >= 0:
            row[at.L_CALENDAR] = self.calendars_at[leaf.calendar]
        if leaf.days >= 0:
            row[at.L_TABLE] = self.calendars_at[leaf.days]
        if leaf.store is not None:
            row[at.L_SLOT] = leaf.store.slot + leaf.word
            if leaf.quota:
                row[at.L_SLOT] = leaf.store.quotas[leaf.quota]
            elif leaf.critical:
                row[at.L_SLOT] = leaf.store.critical
            if leaf.store.kind == at.K_RUN_STEPS:
                row[at.L_SEQUENCE] = self._sequence(leaf.store)
        if leaf.trait is not None:
            row[at.L_TRAIT] = leaf.trait.slot + 2
        place = self._add(row)
        if leaf.table >= 0:
            self.tables.append((place + at.L_TABLE, leaf.table))
        if leaf.trait_table >= 0:
            self.tables.append((place + at.L_TRAIT_TABLE, leaf.trait_table))
        return place

    def segment(self, number: int, program: list[int], dependents: list[int]) -> None:
        """The record of a segment is written."""
        begin, then = self._add(program), self._add(dependents)
        place = at.HEADER + number * at.SEGMENT_WORDS
        about = [begin, begin + len(program), then, then + len(dependents)]
        self.words[place : place + at.SEGMENT_WORDS] = about

    def first(self, segments: list[int]) -> None:
        """The segments that are evaluated for everyone new are written."""
        self.words[at.FIRST] = self._add(segments)
        self.words[at.FIRST_END] = len(self.words)

    def measures(self, expressions: list[Expression]) -> int:
        """Return where the records of measures begin, one after another, which are written."""
        records: list[int] = []
        for kind, number, parts in expressions:
            if kind == "number":
                records += [self.leaves_at[number], -1]
            else:
                program = encode((kind, number, parts), self.leaves_at)
                begin = self._add(program)
                records += [begin, begin + len(program)]
        return self._add(records)

    def scratch(self, depth: int, limits: Limits) -> int:
        """Return how much scratch space the plan needs, in words; where its parts begin is written."""
        longest = max((len(store.steps) for store in self.draft.stores), default=0)
        tallied = any(leaf.fields.get(at.L_TERM) in TALLIED for leaf in self.draft.leaves)
        cells = QUOTA_MOST
        while tallied and cells < 2 * limits.run_entries_max:
            cells *= 2
        words, places = self.words, [self.segments, 2 * self.segments, 2 * depth + 4, longest * limits.run_entries_max]
        words[at.NEXTS], words[at.STACK], words[at.WORK], words[at.CELLS] = (int(one) for one in np.cumsum(places))
        return words[at.CELLS] + 3 * cells
