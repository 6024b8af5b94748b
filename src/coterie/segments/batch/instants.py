"""The instants of a statement: literals when there is one, columns of a small relation called ``i`` when there are several.

Everything that depends on ``now``, calendars included, is computed here in Python, once per instant.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from sqlglot import exp

from coterie.segments.batch.sql import Sql, column, integer, text

ALIAS = "i"
AT = "at"

Bound: TypeAlias = "Callable[[int], int | str | None]"


class Instants:
    """Distinct instants, ascending, and the values that go with each."""

    def __init__(self, instants: Sequence[int]) -> None:
        self.all = tuple(sorted(set(instants)))
        if not self.all:
            raise ValueError("a statement needs at least one instant")
        self._columns: dict[tuple[int | str, ...], str] = {self.all: AT} if len(self.all) > 1 else {}

    @property
    def several(self) -> bool:
        return len(self.all) > 1

    def value(self, of: Bound) -> Sql | None:
        """Return ``of(now)`` as a literal or a column; None where it is None for some instant (an open bound)."""
        values = [of(at) for at in self.all]
        known = tuple(value for value in values if value is not None)
        if len(known) < len(values):
            return None
        if len(set(known)) == 1:
            return _literal(known[0])
        name = self._columns.setdefault(known, f"b{len(self._columns)}")
        return column(name, ALIAS)

    def at(self) -> Sql:
        """Return the instant itself."""
        value = self.value(lambda now: now)
        assert value is not None, "an instant is always known"
        return value

    def relation(self) -> exp.Select:
        """Return the relation of instants with every column that was asked for. Call it last."""
        names = list(self._columns.values())
        rows = [exp.Tuple(expressions=[_literal(value) for value in row]) for row in zip(*self._columns, strict=True)]
        alias = exp.TableAlias(
            this=exp.to_identifier("v"), columns=[exp.to_identifier(name, quoted=True) for name in names]
        )
        chosen = [
            exp.cast(column(name, "v"), "bigint" if _is_integer(values) else "text").as_(name, quoted=True)
            for values, name in self._columns.items()
        ]
        return exp.select(*chosen).from_(exp.Values(expressions=rows, alias=alias))


def _is_integer(values: tuple[int | str, ...]) -> bool:
    return isinstance(values[0], int)


def _literal(value: int | str) -> Sql:
    return integer(value) if isinstance(value, int) else text(value)
