"""Where everything lies: words of a profile's row, columns of the plan's tables, and the arrays every kernel is given.

A profile is one row of int64 words: header, membership bits, due bounds, then the words its summaries need. The row
is one or two cache lines, and everything an event touches is in it or in a run of the arena that it points to.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

Kernel = TypeVar("Kernel")
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def kernel(function: Kernel) -> Kernel:
    """Return ``function`` compiled once for all: cached on disk, without the interpreter's lock."""
    return njit(cache=True, nogil=True, error_model="numpy")(function)  # type: ignore[no-any-return]


def small(function: Kernel) -> Kernel:
    """Return ``function`` compiled into each kernel that calls it."""
    return njit(cache=True, nogil=True, error_model="numpy", forceinline=True)(function)  # type: ignore[no-any-return]


LOW = -(1 << 62)
"""Before every instant; also "no instant" where the latest counts."""
HIGH = 1 << 62
"""After every instant; also "no instant" where the earliest counts, and "never"."""

# ── a profile's row ──────────────────────────────────────────────────────────────────────────────────────────
CLOCK = 0  # instant up to which the profile's timers have fired; LOW: the row is new
TIMER = 1  # as uint32: [least due bound, bucket of its node in the wheel]
BITS = 2  # membership words, then due bounds (uint32 per segment), then summaries
BUCKET = 20  # a due bound is in units of 2**20 µs
NO_DUE = 0xFFFFFFFF
LAST_DUE = 0xFFFFFFFE

# ── a run's header word: block offset << 26 | block size + 1 << 20 | entries ─────────────────────────────────
OFFSET = 26
SIZE = 20
SIZE_MASK = 63
ENTRIES = (1 << 20) - 1

# ── Plan.shape ───────────────────────────────────────────────────────────────────────────────────────────────
WIDTH, SEGMENTS, DUE, RUN_MOST, DEEPEST, STORES = range(6)

# ── columns of Plan.stores ───────────────────────────────────────────────────────────────────────────────────
(S_KIND, S_SLOT, S_KEPT, S_COLUMN, S_RETAIN, S_AFTER, S_BEFORE, S_STRIDE, S_SELECTOR, S_NEED, S_QUOTAS, S_QUOTAS_END,
 S_SEQUENCE, S_TABLE, STORE_COLUMNS) = range(15)  # fmt: skip

# kinds of stores
K_LATEST = 0  # the n latest instants, latest first
K_EARLIEST = 1  # the n earliest instants, earliest first
K_COUNT = 2  # how many
K_TOTAL = 3  # micro-units, how many numbers
K_SMALLEST = 4
K_LARGEST = 5
K_FIRST = 6  # (instant, key, code) of the first by (instant, key)
K_LAST = 7
K_RUN = 8  # (instant)
K_RUN_SUM = 9  # (instant, running total of micro-units)
K_RUN_NUMBER = 10  # (instant, float)
K_RUN_CODE = 11  # (instant, code)
K_RUN_KEYED = 12  # (instant, key, code)
K_RUN_STEPS = 13  # (instant, code << 16 | steps matched)
K_HASH = 14

# what a value must be for the store to take the event
NEED_NONE = 0
NEED_CARRIED = 1  # the key is there, null or not
NEED_PRESENT = 2  # neither null nor empty text
NULL_CODE = 0
EMPTY_CODE = 1

# ── columns of Plan.leaves ───────────────────────────────────────────────────────────────────────────────────
(L_OP, L_SLOT, L_SPAN, L_TABLE, L_TERM, L_COMPARE, L_TRAIT, L_TRAIT_TABLE, L_WINDOW, L_OLDER, L_NEWER, L_CALENDAR,
 L_COUNT, L_OFFSET, L_STRIDE, L_SEQUENCE, LEAF_COLUMNS) = range(17)  # fmt: skip

OP_CONSTANT = 0
OP_WITHIN = 1  # an instant of the row lies within a span
OP_REACHED = 2  # an instant of the row lies at least a span ago
OP_CALENDAR = 3  # an instant of the row lies in the last calendar units
OP_SEGMENT = 4
OP_CODE = 5  # a code of the row passes a test
OP_COMPARE = 6
OP_RUN_CODE = 7  # a code that a run yields passes a test
OP_SEQUENCE = 8

# terms of OP_COMPARE and OP_RUN_CODE
(T_SLOT, T_SUM, T_MEAN, T_FLOAT, T_NUMBER, T_ELAPSED, T_ELAPSED_CODE, T_ELAPSED_SINCE, T_ELAPSED_FIRST, T_ELAPSED_LAST,
 T_UNTIL, T_ANNIVERSARY, T_RUN_COUNT, T_RUN_SUM, T_RUN_MEAN, T_RUN_SMALLEST, T_RUN_LARGEST, T_RUN_DISTINCT,
 T_RUN_REPEATS, T_RUN_DAYS, T_RUN_FIRST, T_RUN_LAST, T_RUN_FREQUENT, T_FIRST_AT, T_LAST_AT, T_INSTANT) = range(26)  # fmt: skip

W_ALL, W_ROLLING, W_CALENDAR = range(3)
EQ, LT, LE, GT, GE = range(5)

# program: operation | argument << 8
P_LEAF, P_NOT, P_AND, P_OR, P_AT_LEAST, P_UNLESS_FALSE, P_UNLESS_TRUE = range(7)

# ── columns of Plan.filters and Plan.sequences ───────────────────────────────────────────────────────────────
F_COLUMN, F_TABLE, F_ORDER, F_NEGATE, FILTER_COLUMNS = range(5)
Q_STEPS, Q_LENGTH, Q_ABSENT, Q_WINDOW, Q_FOR, Q_MODE, Q_TIED, Q_CRITICAL, SEQUENCE_COLUMNS = range(9)
MODE_START = 0  # no absent event: the latest start of a chain decides
MODE_END = 1  # absent, no window: the earliest surviving end of a chain decides
MODE_SCAN = 2  # absent and a window: both

# ── State.meta ───────────────────────────────────────────────────────────────────────────────────────────────
(M_TOP, M_LARGEST, M_CHANGES, M_WHEEL, M_NODE_FREE, M_NODE_TOP, M_NEAR, M_FAR, M_PROFILES, M_STAMP, M_KEYS, M_AGE,
 M_EVENTS, M_DUPLICATES, M_DROPPED, M_FIRED, M_IDS, M_NOW, M_SWEEPING, M_LATE, M_FREE) = range(21)  # fmt: skip
META = M_FREE + 64


class Plan(NamedTuple):
    """A catalog as data: what to remember, and a small program for each segment. Never changed by a kernel."""

    shape: Ints
    stores: Ints
    selectors: Ints  # [selector, (first filter, last filter)]
    filters: Ints
    filter_numbers: Floats
    matches: Any  # uint8 [class of names, selector]
    class_stores: Ints  # the stores of each class of names, one after another
    class_stores_at: Ints
    class_segments: Ints  # the segments those can touch, in order of evaluation
    class_segments_at: Ints
    store_segments: Ints
    store_segments_at: Ints
    quotas: Ints  # [quota, (n, word of the row)]
    sequences: Ints
    steps: Ints  # [step, (selector, within)]
    leaves: Ints
    leaf_numbers: Floats
    program: Ints
    program_at: Ints
    dependents: Ints
    dependents_at: Ints
    first: Ints  # segments to evaluate for a profile never seen
    calendars: Ints  # boundaries, one calendar after another
    calendars_at: Ints  # [calendar, (begin, end, number of the first unit)]
    blank: Ints


class Tables(NamedTuple):
    """What was computed once per distinct value, indexed by a leaf's or filter's offset plus the value's code."""

    verdicts: Any  # uint8
    numbers: Floats  # NaN: no number
    instants: Ints  # LOW: no instant


class State(NamedTuple):
    """All that is remembered. ``timers`` and ``floats`` are views of ``rows``; ``reals`` one of ``arena``."""

    rows: Ints
    timers: Any  # uint32
    floats: Floats
    arena: Ints
    reals: Floats
    meta: Ints
    heads: Any  # uint32 [2 levels of 4096 buckets, and one for what lies beyond]
    nodes: Any  # uint32 [node, (profile, bucket, next)]
    marks: Ints
    nexts: Ints
    stack: Ints
    work: Ints
    cells: Ints


class Batch(NamedTuple):
    """Arrivals as columns. ``rows`` is -1 for an arrival that is ignored."""

    rows: Ints
    occurred: Ints
    received: Ints
    keys: Ints
    classes: Ints
    causes: Ints
    codes: Any  # int32 [column, arrival]; -1: the event lacks the property
    numbers: Floats  # [column, arrival]; NaN: no number
    bits: Ints  # the same bits as integers
