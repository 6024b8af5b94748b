"""Merged profiles: whose record it is at the instant, by the relation of aliases."""

from __future__ import annotations

from sqlglot import exp

from coterie.segments.batch.instants import Instants
from coterie.segments.batch.relation import Relation
from coterie.segments.batch.sql import Sql, column, every, some

ALIASES = "a"


def owner(relation: Relation) -> Sql:
    """Return the canonical profile of a record."""
    recorded = column("profile", "e")
    if not relation.merges:
        return recorded
    return exp.Coalesce(this=column("canonical", ALIASES), expressions=[recorded])


def alias_join(select: exp.Select, relation: Relation, instants: Instants, knowledge: str) -> exp.Select:
    """Return ``select`` with the alias that is in force at the instant; as known now, the last one."""
    lasting = exp.Is(this=column("until", ALIASES), expression=exp.null())
    on: list[Sql] = [exp.EQ(this=column("profile", ALIASES), expression=column("profile", "e"))]
    if knowledge == "now":
        on.append(lasting)
    else:
        on.append(exp.LTE(this=column("since", ALIASES), expression=instants.at()))
        on.append(some([lasting, exp.GT(this=column("until", ALIASES), expression=instants.at())]))
    return select.join(exp.to_table(relation.aliases).as_(ALIASES), on=every(on), join_type="LEFT", copy=False)
