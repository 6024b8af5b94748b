"""One definition as a selection of places: its parts, the part to begin with, and the condition over all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import reduce

from sqlglot import exp

from coterie.segments.batch import leaves
from coterie.segments.batch.instants import ALIAS, AT
from coterie.segments.batch.leaves import PERSON, Parts
from coterie.segments.batch.source import INSTANTS, Source
from coterie.segments.batch.sql import Sql, cases, column, compare, every, integer, negation, plus, some, sure
from coterie.segments.core import All, Any, AtLeast, Compare, Leaf, Node, Not, Trait
from coterie.segments.holds import compare as holds_of_numbers
from coterie.segments.holds import holds

Named = list[tuple[str, exp.Query]]
"""Common table expressions in the order in which they must stand."""


class Membership:
    """Turns one node into common table expressions and the selection of its members."""

    def __init__(self, source: Source, prefix: str, members_of: Callable[[str], str]) -> None:
        self.source = source
        self.prefix = prefix
        self.parts = Parts(source, prefix, members_of)
        self._leaves: dict[int, tuple[Leaf, Sql, frozenset[str]]] = {}

    def members(self, node: Node) -> tuple[Named, exp.Select]:
        """Return the parts and the selection of places at which ``node`` is true."""
        truth = self._truth(node)
        return self._assembled(truth, self._begin(node), [])

    def values(self, columns: Mapping[str, Callable[[Parts], Sql]]) -> tuple[Named, exp.Select]:
        """Return the parts and the selection of (place, columns…) for every known profile."""
        chosen: list[exp.Expr] = [value(self.parts).as_(name, quoted=True) for name, value in columns.items()]
        return self._assembled(exp.true(), None, chosen)

    def _truth(self, node: Node) -> Sql:
        if isinstance(node, All):
            return every([self._truth(item) for item in node.items])
        if isinstance(node, Any):
            return some([self._truth(item) for item in node.items])
        if isinstance(node, Not):
            return negation(self._truth(node.item))
        if isinstance(node, AtLeast):
            return self._at_least(node)
        return self._leaf(node)[0]

    def _at_least(self, node: AtLeast) -> Sql:
        if node.count <= 0:
            return exp.true()
        if node.count > len(node.items):
            return exp.false()
        ones = [cases([(sure(self._truth(item)), integer(1))], integer(0)) for item in node.items]
        return compare(exp.paren(reduce(plus, ones)), ">=", integer(node.count))

    def _leaf(self, leaf: Leaf) -> tuple[Sql, frozenset[str]]:
        known = self._leaves.get(id(leaf))
        if known is None:
            self.parts.used.clear()
            truth = leaves.condition(leaf, self.parts)
            known = self._leaves[id(leaf)] = leaf, truth, frozenset(self.parts.used)
        return known[1].copy(), known[2]

    def _begin(self, node: Node) -> frozenset[str] | None:
        """Return the parts among whose profiles all members are: one if one is enough, else all; None for everyone."""
        own = [*self.parts.own]
        candidates = [*own, *([self.parts.facts.alias] if len(self.parts.facts) else [])]
        for alias in candidates:
            if self._settled(node, frozenset([alias])) is False:
                return frozenset([alias])
        return frozenset(candidates) if self._settled(node, frozenset(candidates)) is False else None

    def _settled(self, node: Node, absent: frozenset[str]) -> bool | None:
        """Return the truth of ``node`` for a profile that the ``absent`` parts do not know; None when it depends."""
        if isinstance(node, Not):
            inner = self._settled(node.item, absent)
            return None if inner is None else not inner
        if isinstance(node, All | Any | AtLeast):
            needed = len(node.items) if isinstance(node, All) else 1 if isinstance(node, Any) else node.count
            if needed <= 0 or needed > len(node.items):
                return needed <= 0
            found = [self._settled(item, absent) for item in node.items]
            if sum(one is True for one in found) >= needed:
                return True
            return False if sum(one is not False for one in found) < needed else None
        _, used = self._leaf(node)
        return _of_nothing(node) if used <= absent else None

    def _assembled(self, truth: Sql, begin: frozenset[str] | None, chosen: list[exp.Expr]) -> tuple[Named, exp.Select]:
        facts, names = self.parts.facts, self.source.names()
        own = [(alias, select) for alias, select in self.parts.own.items() if select is not None]
        everyone = begin is None
        named: Named = list(own)
        if everyone or len(facts):
            named.insert(0, (facts.alias, facts.select(everyone=everyone)))
        if begin is None:
            base = facts.alias
        elif len(begin) == 1:
            (base,) = begin
        elif not begin:
            base = facts.alias
            named.insert(0, (facts.alias, _nobody(names)))
        else:
            base = f"{self.prefix}known"
            named.append((base, _union(sorted(begin), names)))
        places = [column(name, base).as_(name, quoted=True) for name in names]
        select = exp.select(*places, *chosen).from_(exp.to_identifier(base, quoted=True))
        others = [*([facts.alias] if len(facts) else []), *self.parts.own]
        for alias in others:
            if alias != base:
                on = every([exp.EQ(this=column(name, alias), expression=column(name, base)) for name in names])
                select = select.join(exp.to_identifier(alias, quoted=True), on=on, join_type="LEFT", copy=False)
        select = select.where(truth, copy=False) if truth != exp.true() else select
        _replace_person(select, base)
        if any(one.table == ALIAS for one in select.find_all(exp.Column)):
            on = exp.EQ(this=column(AT, ALIAS), expression=column(AT, base))
            select = select.join(exp.to_table(INSTANTS).as_(ALIAS), on=on, copy=False)
        return named, select


def _of_nothing(leaf: Leaf) -> bool | None:
    def zero_holds(one: Leaf) -> bool:
        if isinstance(one, Compare):
            return not isinstance(one.value, Trait) and holds_of_numbers(one.op, 0.0, float(one.value))
        return holds(one.test, 0) if hasattr(one, "test") else False

    return leaves.of_nothing(leaf, zero_holds=zero_holds)


def _replace_person(select: exp.Select, base: str) -> None:
    for one in list(select.find_all(exp.Column)):
        if one.table == PERSON:
            one.replace(column(one.name, base))


def _union(aliases: Iterable[str], names: list[str]) -> exp.Query:
    selects: list[exp.Query] = [
        exp.select(*(column(name, alias).as_(name, quoted=True) for name in names)).from_(
            exp.to_identifier(alias, quoted=True)
        )
        for alias in aliases
    ]
    return reduce(lambda a, b: exp.union(a, b, distinct=True), selects)


def _nobody(names: list[str]) -> exp.Select:
    empty = [exp.cast(exp.null(), "bigint" if name == AT else "text").as_(name, quoted=True) for name in names]
    return exp.select(*empty).where(exp.false())
