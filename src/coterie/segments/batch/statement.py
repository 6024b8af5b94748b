"""SQL statements: members at instants, sizes over time, a number of every profile, overlaps. One statement each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from sqlglot import exp

from coterie.segments.batch.dialects import DuckDB, dialect_of
from coterie.segments.batch.instants import AT, Instants
from coterie.segments.batch.leaves import Parts, measure_of, text_of
from coterie.segments.batch.membership import Membership, Named
from coterie.segments.batch.relation import Relation
from coterie.segments.batch.source import INSTANTS, Knowledge, Source
from coterie.segments.batch.sql import Sql, column
from coterie.segments.catalog import Catalog
from coterie.segments.core import NumberTerm, ValueTerm, references
from coterie.segments.measures import Measurable

MEMBERS = "members"


def statement(
    catalog: Catalog,
    key: str,
    instants: Sequence[int],
    *,
    relation: Relation,
    dialect: str = "duckdb",
    knowledge: Knowledge = "then",
) -> str:
    """Return SQL whose rows are (at BIGINT, profile): the members of the segment at each of the instants.

    ``knowledge``: as known "then" (what had arrived by the instant) or "now" (what had happened by it, whenever it arrived).
    Raises ``Unsupported`` when the dialect cannot say the definition.
    """
    writer = _Writer(catalog, instants, relation, dialect, knowledge)
    return writer.render(writer.with_at(writer.members(key)))


def size_statement(
    catalog: Catalog,
    key: str,
    instants: Sequence[int],
    *,
    relation: Relation,
    dialect: str = "duckdb",
    knowledge: Knowledge = "then",
) -> str:
    """Return SQL whose rows are (at BIGINT, size BIGINT), one per instant, 0 included, in order."""
    writer = _Writer(catalog, instants, relation, dialect, knowledge)
    members = writer.members(key)
    count = exp.Count(this=column("profile", MEMBERS)).as_("size", quoted=True)
    if not writer.instants.several:
        single = exp.select(writer.at(), count).from_(members.subquery(MEMBERS))
        return writer.render(single)
    at = column(AT, "i")
    on = exp.EQ(this=column(AT, MEMBERS), expression=at)
    sizes = exp.select(at.as_(AT, quoted=True), count).from_(exp.to_table(INSTANTS).as_("i"))
    sizes = sizes.join(members.subquery(MEMBERS), on=on, join_type="LEFT").group_by(at.copy()).order_by(at.copy())
    return writer.render(sizes)


def values_statement(
    term: NumberTerm,
    instants: Sequence[int],
    *,
    relation: Relation,
    dialect: str = "duckdb",
    knowledge: Knowledge = "then",
) -> str:
    """Return SQL whose rows are (at, profile, value DOUBLE) of every known profile; NULL where the term is missing.

    What thresholds (``top``, ``rfm``) are computed from.
    """
    writer = _Writer(Catalog({}), instants, relation, dialect, knowledge)
    return writer.columns({"value": partial(measure_of, term)})


def measures_statement(
    terms: Sequence[Measurable],
    instants: Sequence[int],
    *,
    relation: Relation,
    values: Sequence[ValueTerm] = (),
    catalog: Catalog | None = None,
    dialect: str = "duckdb",
    knowledge: Knowledge = "then",
) -> str:
    """Return SQL whose rows are (at, profile, m0 DOUBLE, m1, …, v0 TEXT, v1, …) of every known profile.

    ``m…`` is what each of ``terms`` measures, ``v…`` the canonical JSON text of each of ``values``; NULL where it is missing.
    ``catalog`` holds the segments that terms refer to. Cost: one scan, and one more for each term that numbers its events.
    """
    writer = _Writer(Catalog({}) if catalog is None else catalog, instants, relation, dialect, knowledge)
    columns = {f"m{i}": partial(measure_of, term) for i, term in enumerate(terms)}
    return writer.columns(columns | {f"v{i}": partial(text_of, term) for i, term in enumerate(values)})


def overlap_statement(
    catalog: Catalog,
    keys: Sequence[str],
    instants: Sequence[int],
    *,
    relation: Relation,
    dialect: str = "duckdb",
    knowledge: Knowledge = "then",
) -> str:
    """Return SQL whose rows are (at, one, other, size): members of both, for every pair of ``keys`` and each with itself.

    Pairs without a common member have no row; ``one`` ≤ ``other``.
    """
    writer = _Writer(catalog, instants, relation, dialect, knowledge)
    labelled: list[exp.Query] = []
    for key in sorted(set(keys)):
        alias = writer.name_of(key)
        places = [column(name, alias) for name in writer.source.names()]
        label = exp.Literal.string(key).as_("key", quoted=True)
        labelled.append(exp.select(label, *places).from_(exp.to_identifier(alias, quoted=True)))
    union: exp.Query = labelled[0]
    for other in labelled[1:]:
        union = exp.union(union, other, distinct=False)
    writer.named.append((MEMBERS, union))
    names = writer.source.names()
    same = [exp.EQ(this=column(name, "x"), expression=column(name, "y")) for name in names]
    ordered = exp.LTE(this=column("key", "x"), expression=column("key", "y"))
    groups: list[Sql] = [column("key", "x"), column("key", "y")]
    chosen: list[exp.Expr] = [
        column("key", "x").as_("one", quoted=True),
        column("key", "y").as_("other", quoted=True),
    ]
    if writer.instants.several:
        groups.insert(0, column(AT, "x"))
        chosen.insert(0, column(AT, "x").as_(AT, quoted=True))
    else:
        chosen.insert(0, writer.at())
    chosen.append(exp.Count(this=exp.Star()).as_("size", quoted=True))
    select = exp.select(*chosen).from_(exp.to_table(MEMBERS).as_("x"))
    select = select.join(exp.to_table(MEMBERS).as_("y"), on=exp.and_(*same, ordered)).group_by(*groups)
    return writer.render(select)


class _Writer:
    """Collects the common table expressions of one statement, those of referenced segments first."""

    def __init__(
        self, catalog: Catalog, instants: Sequence[int], relation: Relation, dialect: str, knowledge: Knowledge
    ) -> None:
        self.catalog = catalog
        self.dialect: DuckDB = dialect_of(dialect)
        self.instants = Instants(instants)
        self.source = Source(relation, self.dialect, self.instants, knowledge)
        self.named: Named = []
        self._names: dict[str, str] = {}

    def members(self, key: str) -> exp.Select:
        """Return the selection of the segment's places; the parts it needs are collected before."""
        for reference in sorted(references(self.catalog[key].node)):
            self.name_of(reference)
        membership = Membership(self.source, "", self.name_of)
        named, select = membership.members(self.catalog[key].node)
        self.named += named
        return select

    def columns(self, columns: Mapping[str, Callable[[Parts], Sql]]) -> str:
        """Return the statement whose rows are the instant, the profile and these columns, of every known profile."""
        named, select = Membership(self.source, "", self.name_of).values(columns)
        self.named += named
        return self.render(self.with_at(select))

    def name_of(self, key: str) -> str:
        """Return the name of the relation of the segment's members, collected on first demand."""
        if key not in self._names:
            for reference in sorted(references(self.catalog[key].node)):
                self.name_of(reference)
            name = self._names[key] = f"members{len(self._names) + 1}"
            named, select = Membership(self.source, f"{name}_", self.name_of).members(self.catalog[key].node)
            self.named += [*named, (name, select)]
        return self._names[key]

    def at(self) -> exp.Expr:
        """Return the single instant as a column."""
        return exp.cast(self.instants.at(), "bigint").as_(AT, quoted=True)

    def with_at(self, select: exp.Select) -> exp.Select:
        """Return ``select`` with the instant as its first column."""
        if self.instants.several:
            return select
        select = select.copy()
        select.set("expressions", [self.at(), *select.expressions])
        return select

    def render(self, select: exp.Select) -> str:
        """Return the whole statement as text."""
        named = [(INSTANTS, self.instants.relation())] if self.instants.several else []
        for name, part in [*named, *self.named]:
            select = select.with_(exp.to_identifier(name, quoted=True), as_=part, copy=False)
        return self.dialect.render(select)
