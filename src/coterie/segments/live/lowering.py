"""Core leaves as leaves of the live plan: which stores they read, and by which of the few operations."""

from __future__ import annotations

import math

from coterie.errors import Unsupported
from coterie.limits import DAY_US, HOUR_US
from coterie.model import TRAIT_EVENTS
from coterie.segments import core
from coterie.segments.core import (
    VALUE_KINDS,
    Absolute,
    Aggregate,
    Calendar,
    Compare,
    Elapsed,
    Hash,
    Holds,
    InSegment,
    Rolling,
    Selector,
    Sequence,
    Trait,
    TraitSince,
    Until,
    Window,
)
from coterie.segments.live import layout as at
from coterie.segments.live.draft import Draft, Leaf, Store, Table
from coterie.segments.measures import Measurable

QUOTA_MOST = 64
"""Largest n of "n times the same" or "n different" whose deciding instant is kept in the row."""
Expression = tuple[str, int, tuple["Expression", ...]]
"""("leaf" | "number", number, ()) | ("not" | "and" | "or", 0, parts) | ("at_least", count, parts)"""

ORDERS = {"=": at.EQ, "<": at.LT, "<=": at.LE, ">": at.GT, ">=": at.GE}
LONGEST = {"day": 26 * HOUR_US, "week": 7 * DAY_US + 2 * HOUR_US, "month": 31 * DAY_US + 2 * HOUR_US}
LONGEST["year"] = 366 * DAY_US + 2 * HOUR_US
TRAITS = Selector(names=TRAIT_EVENTS)


def constant(draft: Draft, holds: bool) -> Expression:
    return _leaf(draft, Leaf(fields={at.L_OP: at.OP_CONSTANT, at.L_SLOT: int(holds)}))


def lower_leaf(draft: Draft, leaf: Compare | Holds | InSegment | Sequence, order: dict[str, int]) -> Expression:
    """Return a core leaf as an expression over plan leaves; ``order`` numbers the segments."""
    if isinstance(leaf, InSegment):
        return _leaf(draft, Leaf(fields={at.L_OP: at.OP_SEGMENT, at.L_SLOT: order[leaf.key]}))
    if isinstance(leaf, Sequence):
        return _sequence(draft, leaf)
    if isinstance(leaf, Holds):
        return _holds(draft, leaf)
    return _compare(draft, leaf)


def _leaf(draft: Draft, leaf: Leaf) -> Expression:
    return "leaf", draft.leaf(leaf), ()


# ── windows ──────────────────────────────────────────────────────────────────────────────────────────────────


def _static(window: Window) -> tuple[int, int] | None:
    """Return (after, before) of a window that does not move with time, else ``None``."""
    if isinstance(window, Absolute):
        after = at.LOW if window.after is None else window.after
        return after, at.HIGH if window.before is None else window.before
    if isinstance(window, Rolling) and window.older_us is None and window.newer_us <= 0:
        return at.LOW, at.HIGH
    return None


def _retain(window: Window) -> int:
    """Return how far back a moving window may look, in microseconds."""
    if isinstance(window, Rolling):
        return at.HIGH if window.older_us is None else window.older_us
    if isinstance(window, Calendar):
        return (window.count + max(window.offset, 0) + 1) * LONGEST[window.unit]
    return at.HIGH


def _window_fields(window: Window) -> dict[int, int]:
    if _static(window) is not None:
        return {at.L_WINDOW: at.W_ALL}
    if isinstance(window, Rolling):
        older = at.HIGH if window.older_us is None else window.older_us
        return {at.L_WINDOW: at.W_ROLLING, at.L_OLDER: older, at.L_NEWER: max(window.newer_us, 0)}
    assert isinstance(window, Calendar)
    return {at.L_WINDOW: at.W_CALENDAR, at.L_COUNT: window.count, at.L_OFFSET: window.offset}


def _calendar(draft: Draft, window: Window) -> int:
    """Return the number of the window's calendar, -1 if it has none."""
    return draft.calendar(window.unit, window.time_zone) if isinstance(window, Calendar) else -1


# ── stores ───────────────────────────────────────────────────────────────────────────────────────────────────


def _remember(draft: Draft, kind: int, term: Aggregate, **more: object) -> Store:
    """Return the store of what ``term`` selects; its window bounds what is taken when it stands still."""
    after, before = _static(term.window) or (at.LOW, at.HIGH)
    keyed = kind in (at.K_FIRST, at.K_LAST, at.K_RUN_KEYED, at.K_RUN_CODE)
    counted = kind in (at.K_TOTAL, at.K_SMALLEST, at.K_LARGEST, at.K_RUN_SUM, at.K_RUN_NUMBER)
    if keyed:
        draft.code_column(term.field)
    if counted:
        draft.number_column(term.field)
    store = Store(
        kind=kind,
        selectors=(draft.selector(term.selector),),
        column=term.field if keyed or counted else "",
        after=after,
        before=before,
        need=at.NEED_PRESENT if kind == at.K_RUN_CODE else at.NEED_NONE,
        retain=_retain(term.window) if kind >= at.K_RUN else 0,
    )
    for name, value in more.items():
        setattr(store, name, value)
    return draft.store(store)


def trait_store(draft: Draft, name: str) -> Store:
    """Return the store of a trait's last write."""
    draft.code_column(name)
    return draft.store(Store(kind=at.K_LAST, selectors=(draft.selector(TRAITS),), column=name, need=at.NEED_CARRIED))


def _since_store(draft: Draft, name: str) -> Store:
    draft.code_column(name)
    selectors = (draft.selector(TRAITS),)
    return draft.store(
        Store(kind=at.K_RUN_KEYED, selectors=selectors, column=name, need=at.NEED_CARRIED, retain=at.HIGH)
    )


# ── values ───────────────────────────────────────────────────────────────────────────────────────────────────


def _holds(draft: Draft, leaf: Holds) -> Expression:
    term = leaf.term
    if isinstance(term, Trait):
        table = draft.table(Table(term.name, "test", leaf.test))
        return _leaf(
            draft, Leaf(fields={at.L_OP: at.OP_CODE}, store=trait_store(draft, term.name), word=2, table=table)
        )
    if term.kind not in VALUE_KINDS:
        raise Unsupported(f"a test of the aggregate kind {term.kind!r}", hint="compare it with a number")
    table = draft.table(Table(term.field, "test", leaf.test))
    store, fields = _value_of(draft, term)
    if at.L_TERM in fields:
        fields[at.L_OP] = at.OP_RUN_CODE
        return _leaf(draft, Leaf(fields=fields, store=store, table=table, calendar=_calendar(draft, term.window)))
    return _leaf(draft, Leaf(fields={at.L_OP: at.OP_CODE}, store=store, word=2, table=table))


def _value_of(draft: Draft, term: Aggregate) -> tuple[Store, dict[int, int]]:
    """Return where a JSON value of the events is found; without a term in the fields it is the third word of the store."""
    if _static(term.window) is not None and term.kind != "most_frequent":
        return _remember(draft, at.K_FIRST if term.kind == "first" else at.K_LAST, term), {}
    need = at.NEED_PRESENT if term.kind == "most_frequent" else at.NEED_NONE
    store = _remember(draft, at.K_RUN_KEYED, term, need=need)
    terms = {"first": at.T_RUN_FIRST, "latest": at.T_RUN_LAST, "most_frequent": at.T_RUN_FREQUENT}
    return store, {at.L_TERM: terms[term.kind], at.L_STRIDE: 3, **_window_fields(term.window)}


# ── numbers ──────────────────────────────────────────────────────────────────────────────────────────────────


def _compare(draft: Draft, leaf: Compare) -> Expression:
    term, value = leaf.term, leaf.value
    if not isinstance(value, Trait):
        if isinstance(term, Aggregate) and term.kind in ("count", "repeats", "distinct"):
            quick = _counted(draft, term, leaf.op, float(value))
            if quick is not None:
                return quick
        if isinstance(term, Elapsed) and leaf.op != "=":
            quick = _elapsed_since(draft, term, leaf.op, float(value))
            if quick is not None:
                return quick
    compared = _number_leaf(draft, term)
    compared.fields |= {at.L_OP: at.OP_COMPARE, at.L_COMPARE: ORDERS[leaf.op], at.L_TRAIT: -1}
    if isinstance(value, Trait):
        compared.trait = trait_store(draft, value.name)
        compared.trait_table = draft.table(Table(value.name, "number"))
    else:
        compared.number = float(value)
    return _leaf(draft, compared)


def _counted(draft: Draft, term: Aggregate, op: str, value: float) -> Expression | None:
    """Return a comparison of a count as questions "at least n", or ``None`` where only counting will do."""
    if not math.isfinite(value):
        return None
    least = {">=": math.ceil(value), ">": math.floor(value) + 1, "<=": math.floor(value) + 1, "<": math.ceil(value)}
    if op == "=":
        if not value.is_integer():
            return constant(draft, False)
        one, more = _at_least(draft, term, int(value)), _at_least(draft, term, int(value) + 1)
        return None if one is None or more is None else ("and", 0, (one, ("not", 0, (more,))))
    found = _at_least(draft, term, least[op])
    return ("not", 0, (found,)) if found is not None and op in ("<", "<=") else found


def _at_least(draft: Draft, term: Aggregate, n: int) -> Expression | None:
    window = term.window
    if n <= 0:
        return constant(draft, True)
    recent = isinstance(window, Rolling) and window.newer_us <= 0
    this_unit = isinstance(window, Calendar) and window.offset == 0
    quota = 0
    if term.kind != "count":
        if not (recent or this_unit or isinstance(window, Absolute)) or n > QUOTA_MOST:
            return None
        quota = n if term.kind == "repeats" else -n
        store = _remember(draft, at.K_RUN_CODE, term, quotas={quota: -1})
    elif n > draft.limits.latest_inline_max or isinstance(window, Absolute):
        return None
    elif isinstance(window, Rolling) and not recent:
        if window.older_us is not None:
            return None
        store = _remember(draft, at.K_EARLIEST, term, kept=n)
        reached = {at.L_OP: at.OP_REACHED, at.L_SPAN: window.newer_us}
        return _leaf(draft, Leaf(fields=reached, store=store, word=n - 1))
    elif not (recent or this_unit) or (_static(window) is not None and n > 1):
        return None
    else:
        store = _remember(draft, at.K_LATEST, term, kept=n)
    if isinstance(window, Calendar):
        fields = {at.L_OP: at.OP_CALENDAR, **_window_fields(window)}
    else:
        older = window.older_us if isinstance(window, Rolling) else None
        fields = {at.L_OP: at.OP_WITHIN, at.L_SPAN: at.HIGH if older is None else older}
    word, calendar = 0 if quota else n - 1, _calendar(draft, window)
    return _leaf(draft, Leaf(fields=fields, store=store, word=word, quota=quota, calendar=calendar))


def _elapsed_since(draft: Draft, term: Elapsed, op: str, value: float) -> Expression | None:
    """Return how long ago the first or latest event was as one look at the row, where its window stands still."""
    of = term.of
    if not isinstance(of, Aggregate) or of.kind not in ("first_at", "latest_at") or not abs(value) < 4e18:
        return None
    if _static(of.window) is None:
        return None
    store = _remember(draft, at.K_EARLIEST if of.kind == "first_at" else at.K_LATEST, of)
    span = math.ceil(value) if op in ("<", ">=") else math.floor(value) + 1
    fields = {at.L_OP: at.OP_WITHIN if op in ("<", "<=") else at.OP_REACHED, at.L_SPAN: span}
    return _leaf(draft, Leaf(fields=fields, store=store))


def _number_leaf(draft: Draft, term: Aggregate | Elapsed | Until | Hash) -> Leaf:
    """Return a leaf that yields the term's number, still without what it is compared with."""
    if isinstance(term, Hash):
        store = draft.store(Store(kind=at.K_HASH, salt=term.salt))
        return Leaf(fields={at.L_TERM: at.T_SLOT}, store=store)
    if isinstance(term, Until):
        anniversary = term.unit == "anniversary"
        unit = "day" if anniversary else term.unit
        table = draft.table(Table(term.of.name, "anniversary" if anniversary else unit, None, term.time_zone))
        fields = {at.L_TERM: at.T_ANNIVERSARY if anniversary else at.T_UNTIL}
        calendar, store = draft.calendar(unit, term.time_zone), trait_store(draft, term.of.name)
        return Leaf(fields=fields, store=store, word=2, table=table, calendar=calendar)
    if isinstance(term, Elapsed):
        return _elapsed(draft, term)
    return _aggregate(draft, term)


def _elapsed(draft: Draft, term: Elapsed) -> Leaf:
    of = term.of
    if isinstance(of, Trait):
        table = draft.table(Table(of.name, "instant", None, term.time_zone))
        return Leaf(fields={at.L_TERM: at.T_ELAPSED_CODE}, store=trait_store(draft, of.name), word=2, table=table)
    if isinstance(of, TraitSince):
        return Leaf(fields={at.L_TERM: at.T_ELAPSED_SINCE}, store=_since_store(draft, of.name))
    return _instant(draft, of, (at.T_ELAPSED, at.T_ELAPSED_FIRST, at.T_ELAPSED_LAST))


def _instant(draft: Draft, term: Aggregate, terms: tuple[int, int, int]) -> Leaf:
    """Return a leaf over the instant of the first or latest event; ``terms`` name it for the row and for a run."""
    if term.kind not in ("first_at", "latest_at"):
        raise Unsupported(f"the time since an aggregate of kind {term.kind!r}", hint="use first_at or latest_at")
    first = term.kind == "first_at"
    if _static(term.window) is not None:
        store = _remember(draft, at.K_EARLIEST if first else at.K_LATEST, term)
        return Leaf(fields={at.L_TERM: terms[0]}, store=store)
    fields = {at.L_TERM: terms[1] if first else terms[2], at.L_STRIDE: 1, **_window_fields(term.window)}
    return Leaf(fields=fields, store=_remember(draft, at.K_RUN, term), calendar=_calendar(draft, term.window))


def _aggregate(draft: Draft, term: Aggregate) -> Leaf:
    kind, static = term.kind, _static(term.window) is not None
    if kind in ("first_at", "latest_at"):
        return _instant(draft, term, (at.T_INSTANT, at.T_FIRST_AT, at.T_LAST_AT))
    if kind in VALUE_KINDS:
        table = draft.table(Table(term.field, "number"))
        store, fields = _value_of(draft, term)
        if at.L_TERM in fields:
            return Leaf(fields=fields, store=store, table=table, calendar=_calendar(draft, term.window))
        return Leaf(fields={at.L_TERM: at.T_NUMBER}, store=store, word=2, table=table)
    if static and kind in STILL:
        return Leaf(fields={at.L_TERM: STILL[kind][1]}, store=_remember(draft, STILL[kind][0], term))
    store_kind, number, stride = MOVING[kind]
    fields = {at.L_TERM: number, at.L_STRIDE: stride, **_window_fields(term.window)}
    days = draft.calendar("day", term.time_zone) if kind == "days" else -1
    if kind in core.SESSION_KINDS:
        fields[at.L_SPAN] = term.gap_us
    store = _remember(draft, store_kind, term)
    return Leaf(fields=fields, store=store, calendar=_calendar(draft, term.window), days=days)


STILL = {
    "count": (at.K_COUNT, at.T_SLOT),
    "sum": (at.K_TOTAL, at.T_SUM),
    "mean": (at.K_TOTAL, at.T_MEAN),
    "smallest": (at.K_SMALLEST, at.T_FLOAT),
    "largest": (at.K_LARGEST, at.T_FLOAT),
}
MOVING = {
    "count": (at.K_RUN, at.T_RUN_COUNT, 1),
    "sum": (at.K_RUN_SUM, at.T_RUN_SUM, 2),
    "mean": (at.K_RUN_SUM, at.T_RUN_MEAN, 2),
    "smallest": (at.K_RUN_NUMBER, at.T_RUN_SMALLEST, 2),
    "largest": (at.K_RUN_NUMBER, at.T_RUN_LARGEST, 2),
    "distinct": (at.K_RUN_CODE, at.T_RUN_DISTINCT, 2),
    "repeats": (at.K_RUN_CODE, at.T_RUN_REPEATS, 2),
    "days": (at.K_RUN, at.T_RUN_DAYS, 1),
    "sessions": (at.K_RUN, at.T_RUN_SESSIONS, 1),
    "active_seconds": (at.K_RUN, at.T_RUN_ACTIVE, 1),
}


def lower_measure(draft: Draft, term: Measurable, order: dict[str, int]) -> Expression:
    """Return what a term measures: an expression over plan leaves, or ("number", leaf, ()) for the number of one."""
    if isinstance(term, core.Leaf):
        return lower_leaf(draft, term, order)
    if isinstance(term, Trait):
        table = draft.table(Table(term.name, "number"))
        store = trait_store(draft, term.name)
        leaf = Leaf(fields={at.L_TERM: at.T_NUMBER}, store=store, word=2, table=table)
    else:
        leaf = _number_leaf(draft, term)
    return "number", draft.leaf(leaf), ()


# ── sequences ────────────────────────────────────────────────────────────────────────────────────────────────


def _sequence(draft: Draft, leaf: Sequence) -> Expression:
    steps = tuple(
        (draft.selector(step.selector), at.HIGH if step.within_us is None else step.within_us) for step in leaf.steps
    )
    absent = leaf.absent
    window = at.HIGH if leaf.window_us is None else leaf.window_us
    mode = at.MODE_START if absent is None else (at.MODE_END if leaf.window_us is None else at.MODE_SCAN)
    if leaf.same:
        draft.code_column(leaf.same)
    wait = absent.for_us if absent is not None and mode == at.MODE_SCAN else 0
    store = Store(
        kind=at.K_RUN_STEPS,
        selectors=(*(one for one, _ in steps), -1 if absent is None else draft.selector(absent.selector)),
        column=leaf.same,
        need=at.NEED_PRESENT if leaf.same else at.NEED_NONE,
        sequence=(window, wait, mode, int(bool(leaf.same))),
        retain=window,
        steps=steps,
    )
    store = draft.store(store)
    if mode == at.MODE_SCAN:
        return _leaf(draft, Leaf(fields={at.L_OP: at.OP_SEQUENCE}, store=store))
    if mode == at.MODE_START:
        return _leaf(draft, Leaf(fields={at.L_OP: at.OP_WITHIN, at.L_SPAN: window}, store=store, critical=True))
    assert absent is not None
    return _leaf(draft, Leaf(fields={at.L_OP: at.OP_REACHED, at.L_SPAN: absent.for_us}, store=store, critical=True))
