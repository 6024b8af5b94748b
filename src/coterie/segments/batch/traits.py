"""Traits in SQL: the last write of a key, and since when it has stood."""

from __future__ import annotations

from sqlglot import exp

from coterie.segments.batch.facts import Grouped
from coterie.segments.batch.selectors import writes
from coterie.segments.batch.source import Source
from coterie.segments.batch.sql import Sql, column, some
from coterie.segments.batch.values import Json


def trait(grouped: Grouped, name: str) -> Json:
    """Return the value of the last write of the trait: one more measure of the grouped scan."""
    source = grouped.source
    raw = source.trait(name).raw()
    last = grouped.measure(
        writes(source, name), lambda condition: source.dialect.extreme(raw.copy(), source.order, condition, latest=True)
    )
    return Json(last, source.dialect)


def since(source: Source, name: str) -> exp.Select:
    """Return (place, value): the instant of the earliest of the last run of equal writes; a removal is a write too."""
    raw = source.trait(name).raw()
    order = exp.Order(expressions=[exp.Ordered(this=one, desc=False, nulls_first=True) for one in source.order])
    before: Sql = exp.Window(this=exp.Lag(this=raw.copy()), partition_by=source.place(), order=order)
    written = source.scan(
        [
            column("occurred_at", "e").as_("began", quoted=True),
            raw.as_("raw", quoted=True),
            before.as_("before", quoted=True),
        ],
        writes(source, name).conditions,
    )
    changed = some(
        [
            exp.Is(this=column("before", "t"), expression=exp.null()),
            exp.NEQ(this=column("before", "t"), expression=column("raw", "t")),
        ]
    )
    places = [column(one, "t") for one in source.names()]
    began = exp.Max(this=column("began", "t")).as_("value", quoted=True)
    return (
        exp.select(*places, began).from_(written.subquery("t", copy=False), copy=False).where(changed).group_by(*places)
    )
