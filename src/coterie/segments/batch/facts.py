"""One grouped scan for all simple aggregates and traits of a segment: a row per profile, a column per measure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct
from sqlglot import exp

from coterie.segments.batch.selectors import Picked
from coterie.segments.batch.source import Source
from coterie.segments.batch.sql import Sql, column, every, one_of, text

Build = Callable[[Sql], Sql]
"""From the condition that a row must fulfil (TRUE when the scan's WHERE already says it) to the aggregate expression."""


class Measure(Struct, frozen=True):
    picked: Picked
    build: Build


class Grouped:
    """Collects measures; gives the columns that hold them and, at the end, the scan that computes them."""

    def __init__(self, source: Source, alias: str) -> None:
        self.source = source
        self.alias = alias
        self._measures: dict[str, Measure] = {}

    def __len__(self) -> int:
        return len(self._measures)

    def measure(self, picked: Picked, build: Build) -> Sql:
        """Return the column that will hold ``build`` over the picked records; asked twice, it is the same column."""
        key = build(picked.condition()).sql()
        self._measures.setdefault(key, Measure(picked, build))
        return column(f"c{list(self._measures).index(key)}", self.alias)

    def select(self, *, everyone: bool) -> exp.Select:
        """Return the scan: of every known profile, or only of those with a record that some measure looks at.

        Conditions that all measures share move to WHERE, so that the engine can skip what nobody needs.
        """
        measures = list(self._measures.values())
        shared = [] if everyone or not measures else _shared([one.picked.conditions for one in measures])
        where = [] if everyone or not measures else [*shared, *self._bounds(measures, shared)]
        chosen = [
            one.build(every([c for c in one.picked.conditions if c not in shared])).as_(f"c{index}", quoted=True)
            for index, one in enumerate(measures)
        ]
        return self.source.scan(chosen, where, grouped=[])

    def _bounds(self, measures: Sequence[Measure], shared: Sequence[Sql]) -> list[Sql]:
        """Return what every measure's records have in common: the union of their names and the earliest of their instants."""
        bounds: list[Sql] = []
        names = [one.picked.names for one in measures]
        if None not in names and not any(isinstance(one, exp.EQ | exp.In) and _is_name(one) for one in shared):
            every_name = sorted(frozenset().union(*(some for some in names if some is not None)))
            bounds.append(one_of(column("name", "e"), [text(name) for name in every_name]))
        lows = [one.picked.low for one in measures]

        def earliest(now: int) -> int | None:
            known = [edge for low in lows if (edge := low(now)) is not None]
            return min(known) if len(known) == len(lows) else None

        start = self.source.instants.value(earliest)
        bound = None if start is None else exp.GTE(this=column("occurred_at", "e"), expression=start)
        return bounds if bound is None or bound in shared else [*bounds, bound]


def _shared(conditions: Sequence[Sequence[Sql]]) -> list[Sql]:
    first, *others = conditions
    return [one for one in first if all(one in other for other in others)]


def _is_name(condition: Sql) -> bool:
    return bool(condition.this == column("name", "e"))
