"""The scan that every part of a statement begins with: which records count at the instant, and whose they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct
from sqlglot import exp

from coterie.segments.batch.dialects import DuckDB
from coterie.segments.batch.identity import alias_join, owner
from coterie.segments.batch.instants import ALIAS, AT, Instants
from coterie.segments.batch.moments import moment
from coterie.segments.batch.relation import Relation
from coterie.segments.batch.sql import Sql, column, every
from coterie.segments.batch.tests import Tester
from coterie.segments.batch.values import Json, Typed, ValueSql, property_of, trait_of
from coterie.segments.moments import is_timed

Knowledge: TypeAlias = Literal["then", "now"]
INSTANTS = "instants"


class Source(Struct, frozen=True):
    """The records of a relation as known at each instant: what had arrived by then, or (now) what had happened by then."""

    relation: Relation
    dialect: DuckDB
    instants: Instants
    knowledge: Knowledge

    @property
    def tester(self) -> Tester:
        return Tester(self.dialect, self.instants)

    def value(self, key: str) -> ValueSql:
        if is_timed(key):
            shown = moment(column("occurred_at", "e"), key, self.relation.since, self.instants.all[-1])
            return Typed(shown, "integer", self.dialect)
        return property_of(self.relation, self.dialect, key)

    def trait(self, key: str) -> Json:
        return trait_of(self.relation, self.dialect, key)

    @property
    def order(self) -> tuple[Sql, Sql]:
        """The order in which records count."""
        return column("occurred_at", "e"), column("event_key", "e")

    def place(self) -> list[Sql]:
        """Return what a result is about: the instant, when there are several, and the profile."""
        at = [column(AT, ALIAS)] if self.instants.several else []
        return [*at, owner(self.relation)]

    def names(self) -> list[str]:
        """Return the names of ``place``."""
        return [AT, "profile"] if self.instants.several else ["profile"]

    def scan(
        self, chosen: Iterable[exp.Expr], where: Sequence[Sql] = (), *, grouped: Sequence[Sql] | None = None
    ) -> exp.Select:
        """Return the selection of ``place`` and ``chosen`` from the records that count; ``grouped`` by place and these."""
        place = [one.as_(name, quoted=True) for one, name in zip(self.place(), self.names(), strict=True)]
        select = exp.select(*place, *chosen).from_(exp.to_table(self.relation.events).as_("e"), copy=False)
        if self.instants.several:
            select = select.join(exp.to_table(INSTANTS).as_(ALIAS), join_type="CROSS", copy=False)
        if self.relation.merges:
            select = alias_join(select, self.relation, self.instants, self.knowledge)
        seen = "received_at" if self.knowledge == "then" else "occurred_at"
        until = self.relation.until
        if until is None or self.instants.all[0] < until:
            where = [exp.LTE(this=column(seen, "e"), expression=self.instants.at()), *where]
        if where:
            select = select.where(every(where), copy=False)
        return select if grouped is None else select.group_by(*self.place(), *grouped, copy=False)
