"""A catalog becomes a plan: words of the row are given out, and everything is written into arrays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from msgspec import Struct

from coterie.limits import Limits
from coterie.segments.catalog import Catalog
from coterie.segments.core import Compare, Hash, InSegment, Node, Order, leaves, references
from coterie.segments.instants import boundaries
from coterie.segments.live import layout as at
from coterie.segments.live.draft import Calendar, Draft, Leaf, Store, Table
from coterie.segments.live.layout import Floats, Ints, Plan
from coterie.segments.live.nothing import holds_of_nothing
from coterie.segments.live.programs import depth_of, encode, lower_node

INLINE = (at.K_LATEST, at.K_EARLIEST)
WORDS = {at.K_TOTAL: 2, at.K_FIRST: 3, at.K_LAST: 3}


class Design(Struct, kw_only=True):
    """What the interpreter knows of a plan: the draft it was made of, and which table fills which offset."""

    draft: Draft
    plan: Plan
    keys: tuple[str, ...]
    versions: tuple[int, ...]
    leaf_tables: Ints
    trait_tables: Ints
    filter_tables: Ints
    salts: tuple[tuple[str, int], ...]
    identities: dict[bytes, Store]
    depth: int
    work: int
    runs: int


def design(catalog: Catalog, limits: Limits) -> Design:
    """Return the plan of a catalog, with no class of names known yet and every offset of a table 0."""
    draft = Draft(limits)
    segments = list(catalog)
    order = {segment.key: i for i, segment in enumerate(segments)}
    programs, depth = [], 1
    for i, segment in enumerate(segments):
        draft.segment = i
        expression = lower_node(draft, segment.node, order)
        programs.append(encode(expression))
        depth = max(depth, depth_of(expression))
    width = _give_words(draft, len(segments))
    plan = _written(draft, width, programs, [segment.node for segment in segments], order)
    longest = max((len(store.steps) for store in draft.stores), default=0)
    return Design(
        draft=draft,
        plan=plan,
        keys=catalog.keys,
        versions=tuple(segment.version for segment in segments),
        leaf_tables=np.array([leaf.table for leaf in draft.leaves], np.int64),
        trait_tables=np.array([leaf.trait_table for leaf in draft.leaves], np.int64),
        filter_tables=_filter_tables(draft),
        salts=tuple((store.salt, store.slot) for store in draft.stores if store.kind == at.K_HASH),
        identities={store.identity(draft.selector_keys): store for store in draft.stores},
        depth=depth,
        work=longest * limits.run_entries_max + 16,
        runs=sum(store.kind >= at.K_RUN and store.kind != at.K_HASH for store in draft.stores),
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


def _blank(draft: Draft, width: int, segments: int) -> Ints:
    """Return the row of a profile of which nothing is known."""
    row = np.zeros(width, np.int64)
    row[at.CLOCK] = at.LOW
    row[at.TIMER] = -1
    row[due_word(segments) : due_word(segments) + (segments + 1) // 2] = -1
    for store in draft.stores:
        if store.kind in INLINE:
            row[store.slot : store.slot + store.kept] = at.LOW if store.kind == at.K_LATEST else at.HIGH
        elif store.kind in (at.K_SMALLEST, at.K_LARGEST):
            row.view(np.float64)[store.slot] = np.nan
        elif store.kind in (at.K_FIRST, at.K_LAST):
            row[store.slot] = at.HIGH if store.kind == at.K_FIRST else at.LOW
            row[store.slot + 2] = -1
        for word in store.quotas.values():
            row[word] = at.LOW
        if store.critical >= 0:
            row[store.critical] = at.LOW if store.sequence[2] == at.MODE_START else at.HIGH
    return row


def packed(groups: Iterable[Iterable[int]]) -> tuple[Ints, Ints]:
    """Return lists of numbers one after another, and where each begins (one more than there are lists)."""
    rows = [list(group) for group in groups]
    begins = np.cumsum([0, *(len(row) for row in rows)], dtype=np.int64)
    return np.array([one for row in rows for one in row], np.int64), begins


def table_of(rows: Sequence[Sequence[int]], columns: int) -> Ints:
    """Return rows as a two-dimensional array, also when there are none."""
    return np.array(rows, np.int64).reshape(len(rows), columns)


def _written(draft: Draft, width: int, programs: list[list[int]], nodes: list[Node], order: dict[str, int]) -> Plan:
    stores, quotas, sequences, steps = _stores(draft)
    filters, numbers, selectors = _filters(draft)
    program, program_at = packed(programs)
    store_segments, store_segments_at = packed(sorted(store.segments) for store in draft.stores)
    refers: list[list[int]] = [[] for _ in nodes]
    for i, node in enumerate(nodes):
        for key in references(node):
            refers[order[key]].append(i)
    dependents, dependents_at = packed(refers)
    calendars, calendars_at = _calendars(draft.calendars)
    shape = np.zeros(8, np.int64)
    shape[at.WIDTH], shape[at.SEGMENTS], shape[at.DUE] = width, len(nodes), 2 * due_word(len(nodes))
    shape[at.RUN_MOST] = min(draft.limits.run_entries_max, at.ENTRIES - 1)
    none = np.zeros(0, np.int64)
    return Plan(
        shape=shape,
        stores=stores,
        selectors=selectors,
        filters=filters,
        filter_numbers=numbers,
        matches=np.zeros((0, len(draft.selectors)), np.uint8),
        class_stores=none,
        class_stores_at=np.zeros(1, np.int64),
        class_segments=none,
        class_segments_at=np.zeros(1, np.int64),
        store_segments=store_segments,
        store_segments_at=store_segments_at,
        quotas=quotas,
        sequences=sequences,
        steps=steps,
        leaves=_leaves(draft.leaves),
        leaf_numbers=np.array([leaf.number for leaf in draft.leaves], np.float64),
        program=program,
        program_at=program_at,
        dependents=dependents,
        dependents_at=dependents_at,
        first=np.array([i for i, node in enumerate(nodes) if _may_hold_at_first(node)], np.int64),
        calendars=calendars,
        calendars_at=calendars_at,
        blank=_blank(draft, width, len(nodes)),
    )


def _may_hold_at_first(node: Node) -> bool:
    """Return whether a profile of which nothing is known may be in the segment: if so it is evaluated for everyone new."""
    found = leaves(node)
    if any(isinstance(leaf, InSegment) or (isinstance(leaf, Compare) and isinstance(leaf.term, Hash)) for leaf in found):
        return True
    return holds_of_nothing(node)


def _stores(draft: Draft) -> tuple[Ints, Ints, Ints, Ints]:
    rows, quotas, sequences, steps = [], [], [], []
    for store in draft.stores:
        row = [0] * at.STORE_COLUMNS
        row[at.S_KIND], row[at.S_SLOT], row[at.S_KEPT] = store.kind, store.slot, store.kept
        coded = store.kind in (at.K_FIRST, at.K_LAST, at.K_RUN_CODE, at.K_RUN_KEYED, at.K_RUN_STEPS)
        columns = draft.coded if coded else draft.numbered
        row[at.S_COLUMN] = columns.index(store.column) if store.column else -1
        row[at.S_RETAIN], row[at.S_AFTER], row[at.S_BEFORE] = store.retain, store.after, store.before
        row[at.S_STRIDE] = {at.K_RUN: 1, at.K_RUN_KEYED: 3}.get(store.kind, 2)
        row[at.S_SELECTOR] = store.selectors[0] if len(store.selectors) == 1 else -1
        row[at.S_NEED] = store.need
        row[at.S_QUOTAS] = len(quotas)
        quotas.extend((n, word) for n, word in sorted(store.quotas.items()))
        row[at.S_QUOTAS_END] = len(quotas)
        if store.kind == at.K_RUN_STEPS:
            row[at.S_SEQUENCE] = len(sequences)
            window, wait, mode, tied = store.sequence
            about = [len(steps), len(store.steps), store.selectors[-1], window, wait, mode, tied, store.critical]
            sequences.append(about)
            steps.extend(store.steps)
        rows.append(row)
    return (
        table_of(rows, at.STORE_COLUMNS),
        table_of(quotas, 2),
        table_of(sequences, at.SEQUENCE_COLUMNS),
        table_of(steps, 2),
    )


ORDERS = {"<": at.LT, "<=": at.LE, ">": at.GT, ">=": at.GE}


def _filters(draft: Draft) -> tuple[Ints, Floats, Ints]:
    rows, numbers, ends = [], [], []
    for selector in draft.selectors:
        begin = len(rows)
        for field in selector.where:
            ordered = isinstance(field.test, Order)
            column = draft.numbered.index(field.key) if ordered else draft.coded.index(field.key)
            order = ORDERS[field.test.op] if isinstance(field.test, Order) else -1
            rows.append([column, 0, order, int(field.negate)])
            numbers.append(float(field.test.number) if isinstance(field.test, Order) else 0.0)
        ends.append([begin, len(rows)])
    return table_of(rows, at.FILTER_COLUMNS), np.array(numbers, np.float64), table_of(ends, 2)


def _filter_tables(draft: Draft) -> Ints:
    found = [
        -1 if isinstance(field.test, Order) else draft.table(Table(field.key, "test", field.test))
        for selector in draft.selectors
        for field in selector.where
    ]
    return np.array(found, np.int64)


def _leaves(found: list[Leaf]) -> Ints:
    rows = []
    for leaf in found:
        row = leaf.encoded()
        if leaf.store is not None:
            row[at.L_SLOT] = leaf.store.slot + leaf.word
            if leaf.quota:
                row[at.L_SLOT] = leaf.store.quotas[leaf.quota]
            elif leaf.critical:
                row[at.L_SLOT] = leaf.store.critical
        if leaf.trait is not None:
            row[at.L_TRAIT] = leaf.trait.slot + 2
        rows.append(row)
    return table_of(rows, at.LEAF_COLUMNS)


def _calendars(asked: list[Calendar]) -> tuple[Ints, Ints]:
    starts, rows, begin = [np.zeros(0, np.int64)], [], 0
    for unit, time_zone in asked:
        first, instants = boundaries(unit, time_zone)  # type: ignore[arg-type]
        starts.append(np.array(instants, np.int64))
        rows.append([begin, begin + len(instants), first])
        begin += len(instants)
    return np.concatenate(starts), table_of(rows, 3)
