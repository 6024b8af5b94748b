"""Where everything lies: words of a profile's row, columns of the plan's tables, and the arrays every kernel is given.

A profile is one row of int64 words: header, membership bits, due bounds, then the words its summaries need. The row
is one or two cache lines, and everything an event touches is in it or in a run of the arena that it points to.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numba import config, njit
from numpy.typing import NDArray

Kernel = TypeVar("Kernel")
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def _sources() -> str:
    """Return what changes when any file of the kernels does: their code is compiled into one another."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return repr([(file.name, file.stat().st_mtime_ns, file.stat().st_size) for file in files])


SOURCES = _sources()


def kernel(function: Kernel) -> Kernel:
    """Return ``function`` compiled once for all: cached on disk, without the interpreter's lock."""
    compiled = njit(cache=True, nogil=True, error_model="numpy", _nrt=False)(function)
    if not config.DISABLE_JIT:
        # the cache looks at the file of the function alone, and would keep code that was compiled into it from others
        compiled._cache._cache_file._source_stamp = SOURCES
    return compiled  # type: ignore[no-any-return,unused-ignore]


def is_compiled(function: Any) -> bool:
    """Return whether a kernel is in memory or in the cache on disk, so that its first call takes no time."""
    if config.DISABLE_JIT or function.signatures:
        return True
    return bool(function._cache._cache_file._load_index())


def small(function: Kernel) -> Kernel:
    """Return ``function`` compiled into each kernel that calls it."""
    return njit(cache=True, nogil=True, error_model="numpy", _nrt=False, inline="always")(function)  # type: ignore[no-any-return,unused-ignore]


@small
def float_of(bits: int) -> float:
    """Return the float whose bits an int64 word holds."""
    return np.int64(bits).view(np.float64)  # type: ignore[no-any-return,unused-ignore]


@small
def bits_of(number: float) -> int:
    """Return the bits of a float as an int64 word."""
    return np.float64(number).view(np.int64)  # type: ignore[no-any-return,return-value,unused-ignore]


@small
def whole(number: Any) -> int:
    """Return a number as an int64 word, whatever array it was read from."""
    return np.int64(number)  # type: ignore[no-any-return,return-value,unused-ignore]


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

# ── sums: 64 bits of micro-units, and how often they went round ─────────────────────────────────────────────
ROUNDS = 36
NUMBERS = (1 << ROUNDS) - 1
SATURATED = float(1 << 63)
"""Micro-units that stand for every sum that 64 bits do not hold: ``aggregates.sum.MICRO_MAX`` as a float64."""

# ── a plan is one array: its first words, then records that name each other by where they begin ──────────────
(WIDTH, SEGMENTS, DUE, RUN_MOST, RUNS, PROGRAMS, FIRST, FIRST_END, STORES, STORES_END, BLANK, NEXTS, STACK, WORK,
 CELLS, HEADER) = range(16)  # fmt: skip

# a segment's record, one after another from word PROGRAMS on
G_BEGIN, G_END, G_DEPENDENTS, G_DEPENDENTS_END, SEGMENT_WORDS = range(5)

# a measure's record: its program, or (end -1) the leaf whose number it is
N_BEGIN, N_END, MEASURE_WORDS = range(3)

# a selector's record, and that of one field test
E_FILTERS, E_FILTERS_END, E_NUMBER, SELECTOR_WORDS = range(4)
F_COLUMN, F_TABLE, F_ORDER, F_NEGATE, F_BITS, FILTER_WORDS = range(6)

# a class of names: the stores that listen, the segments they can touch in order of evaluation, and then, for each
# selector's number, whether it selects the names
C_STORES, C_STORES_END, C_SEGMENTS, C_SEGMENTS_END, C_SELECTED = range(5)

# a calendar: where its instants begin and end, and the number of the first unit
D_BEGIN, D_END, D_FIRST, CALENDAR_WORDS = range(4)

# ── a store's record ───────────────────────────────────────────────────────────────────────────────────
(S_KIND, S_SLOT, S_KEPT, S_COLUMN, S_RETAIN, S_AFTER, S_BEFORE, S_STRIDE, S_SELECTOR, S_NEED, S_QUOTAS, S_QUOTAS_END,
 S_SEQUENCE, S_SEGMENTS, S_SEGMENTS_END, STORE_WORDS) = range(16)  # fmt: skip

# kinds of stores
K_LATEST = 0  # the n latest instants, latest first
K_EARLIEST = 1  # the n earliest instants, earliest first
K_COUNT = 2  # how many
K_TOTAL = 3  # micro-units modulo 2**64, then times it went round << ROUNDS | how many numbers
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

# ── a leaf's record ───────────────────────────────────────────────────────────────────────────────────
(L_OP, L_SLOT, L_SPAN, L_TABLE, L_TERM, L_COMPARE, L_TRAIT, L_TRAIT_TABLE, L_WINDOW, L_OLDER, L_NEWER, L_CALENDAR,
 L_COUNT, L_OFFSET, L_STRIDE, L_SEQUENCE, L_BITS, LEAF_WORDS) = range(18)  # fmt: skip

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
 T_RUN_REPEATS, T_RUN_DAYS, T_RUN_SESSIONS, T_RUN_ACTIVE, T_RUN_FIRST, T_RUN_LAST, T_RUN_FREQUENT, T_FIRST_AT, T_LAST_AT,
 T_INSTANT) = range(28)  # fmt: skip

W_ALL, W_ROLLING, W_CALENDAR = range(3)
EQ, LT, LE, GT, GE = range(5)

# program: operation | argument << 8
P_LEAF, P_NOT, P_AND, P_OR, P_AT_LEAST, P_UNLESS_FALSE, P_UNLESS_TRUE = range(7)

# ── a sequence's record; its steps (selector, within) follow it ──────────────────────────────────────────────
Q_LENGTH, Q_ABSENT, Q_WINDOW, Q_FOR, Q_MODE, Q_TIED, Q_CRITICAL, Q_STEPS = range(8)
MODE_START = 0  # no absent event: the latest start of a chain decides
MODE_END = 1  # absent, no window: the earliest surviving end of a chain decides
MODE_SCAN = 2  # absent and a window: both

# ── State.meta ───────────────────────────────────────────────────────────────────────────────────────────────
(M_TOP, M_LARGEST, M_CHANGES, M_WHEEL, M_NODE_FREE, M_NODE_TOP, M_NEAR, M_FAR, M_PROFILES, M_STAMP, M_KEYS, M_AGE,
 M_EVENTS, M_DUPLICATES, M_DROPPED, M_FIRED, M_TALLY, M_NEGATIVE, M_HUGE, M_SATURATED, M_FREE) = range(21)  # fmt: skip
META = M_FREE + 64


class Tables(NamedTuple):
    """What was computed once per distinct value, indexed by where a leaf's or filter's table begins plus the value's code."""

    verdicts: Any  # uint8
    numbers: Floats  # NaN: no number
    instants: Ints  # LOW: no instant


class State(NamedTuple):
    """All that is remembered. ``timers`` is a view of ``rows``; ``scratch`` means nothing between calls, but its marks rise."""

    rows: Ints
    timers: Any  # uint32
    arena: Ints
    meta: Ints
    wheel: Any  # uint32: heads of the lists, then nodes of three words (profile, bucket, next)
    scratch: Ints  # a mark per segment, then from NEXTS, STACK, WORK and CELLS on what their users say


class Batch(NamedTuple):
    """Arrivals as columns. A property that an event lacks has code -1 and number NaN."""

    columns: Ints  # [B_…, arrival]
    codes: Any  # int32 [column, arrival]
    numbers: Floats  # [column, arrival]


B_ROW, B_OCCURRED, B_RECEIVED, B_KEY, B_CLASS, B_CAUSE, BATCH_COLUMNS = range(7)
"""Columns of a batch: the profile's row (-1: ignore the arrival), instants, event key, where its class begins, cause."""
