"""Sequences in SQL: one window function per step finds which records end a chain, one grouping asks what follows.

A record ends a chain of k steps when the latest end of a chain of k − 1 steps before it is recent enough: the maximum over a
RANGE frame that stops one microsecond before the record. The latest end by ``now − for`` is the best one, for it has the fewest
records after it; the sequence holds if no absent event is later.
"""

from __future__ import annotations

from sqlglot import exp

from coterie.segments.batch.facts import Grouped
from coterie.segments.batch.selectors import Picked, picked, within
from coterie.segments.batch.source import Source
from coterie.segments.batch.sql import Sql, column, every, integer, minus, one_of, some, text, when
from coterie.segments.core import Rolling, Sequence, Step


def is_single(sequence: Sequence) -> bool:
    """Return whether two maxima of the grouped scan can tell the sequence."""
    return len(sequence.steps) == 1 and not sequence.same


def single(grouped: Grouped, sequence: Sequence) -> Sql:
    """Return the condition of a sequence that ``is_single``."""
    window = Rolling(sequence.window_us)
    absent = sequence.absent
    source = grouped.source

    def latest(condition: Sql) -> Sql:
        return exp.Max(this=when(condition, column("occurred_at", "e")))

    steps = picked(source, sequence.steps[0].selector, window)
    if absent is None:
        return exp.not_(exp.Is(this=grouped.measure(steps, latest), expression=exp.null()))
    for_us = absent.for_us
    end = grouped.measure(steps.also(*within(source, lambda now: None, lambda now: now - for_us + 1)), latest)
    spoiler = grouped.measure(picked(source, absent.selector, window), latest)
    calm = some([exp.Is(this=spoiler, expression=exp.null()), exp.LTE(this=spoiler.copy(), expression=end)])
    return every([exp.not_(exp.Is(this=end.copy(), expression=exp.null())), calm])


def chains(source: Source, sequence: Sequence) -> exp.Select:
    """Return the places at which the sequence holds."""
    names = [*source.names(), *(["key"] if sequence.same else [])]
    layer = _records(source, sequence)
    for number, step in enumerate(sequence.steps[1:], 2):
        layer = _continued(layer, names, number, step)
    keys = [column(name, "t") for name in names]
    end: Sql = column("occurred_at", "t")
    ended: list[Sql] = [column(f"f{len(sequence.steps)}", "t")]
    if sequence.absent is not None:
        ended.append(column("ripe", "t"))
    last = exp.Max(this=when(every(ended), end.copy()))
    found: list[Sql] = [exp.not_(exp.Is(this=last, expression=exp.null()))]
    if sequence.absent is not None:
        spoiler = exp.Max(this=when(column("absent", "t"), end.copy()))
        unknown = exp.Is(this=spoiler.copy(), expression=exp.null())
        found.append(some([unknown, exp.LTE(this=spoiler, expression=last.copy())]))
    held = exp.select(*keys).from_(layer.subquery("t", copy=False), copy=False).group_by(*keys).having(every(found))
    if not sequence.same:
        return held
    places = [column(name, "h") for name in source.names()]
    return exp.select(*places).from_(held.subquery("h", copy=False), copy=False).group_by(*places)


def _records(source: Source, sequence: Sequence) -> exp.Select:
    """Return every record that is a step or the absent event, with a flag for each; f1 is set where a chain may begin."""
    window = Rolling(sequence.window_us)
    steps = [picked(source, step.selector) for step in sequence.steps]
    rows = [*steps, *([picked(source, sequence.absent.selector)] if sequence.absent else [])]
    flags = [step.condition() for step in steps]
    chosen: list[exp.Expr] = [column("occurred_at", "e").as_("occurred_at", quoted=True)]
    chosen += [_flag(flag).as_(f"f{n}" if n == 1 else f"m{n}", quoted=True) for n, flag in enumerate(flags, 1)]
    if sequence.absent is not None:
        for_us = sequence.absent.for_us
        ripe = every(within(source, lambda now: None, lambda now: now - for_us + 1))
        chosen += [_flag(rows[-1].condition()).as_("absent", quoted=True), ripe.as_("ripe", quoted=True)]
    where = [_either(rows), *within(source, picked(source, sequence.steps[0].selector, window).low, lambda now: None)]
    if sequence.same:
        key = source.value(sequence.same).key()
        chosen.append(key.as_("key", quoted=True))
        where.append(exp.not_(exp.Is(this=key.copy(), expression=exp.null())))
    return source.scan(chosen, where)


def _either(rows: list[Picked]) -> Sql:
    """Return whether a record can be any of these, by its name alone where the names are known."""
    names = [one.names for one in rows]
    if None in names:
        return some([one.condition() for one in rows])
    known = sorted(frozenset().union(*(one for one in names if one is not None)))
    return one_of(column("name", "e"), [text(name) for name in known])


def _flag(condition: Sql) -> Sql:
    return exp.Coalesce(this=condition, expressions=[exp.false()])


def _continued(layer: exp.Select, names: list[str], number: int, step: Step) -> exp.Select:
    """Return ``layer`` with a column that is true where a chain of ``number`` steps ends."""
    ended = when(column(f"f{number - 1}", "t"), column("occurred_at", "t"))
    frame = exp.WindowSpec(
        kind="RANGE", start="UNBOUNDED", start_side="PRECEDING", end=integer(1), end_side="PRECEDING"
    )
    earlier = exp.Window(
        this=exp.Max(this=ended),
        partition_by=[column(name, "t") for name in names],
        order=exp.Order(expressions=[exp.Ordered(this=column("occurred_at", "t"), desc=False, nulls_first=True)]),
        spec=frame,
    )
    if step.within_us is None:
        soon: Sql = exp.not_(exp.Is(this=earlier, expression=exp.null()))
    else:
        soon = exp.GTE(this=earlier, expression=minus(column("occurred_at", "t"), integer(step.within_us)))
    holds = every([column(f"m{number}", "t"), soon])
    return exp.select(
        exp.Column(this=exp.Star(), table=exp.to_identifier("t")), holds.as_(f"f{number}", quoted=True)
    ).from_(layer.subquery("t", copy=False), copy=False)
