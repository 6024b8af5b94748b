"""The batch reader over a project's log: who was in a segment at any instant, sizes over time, overlaps, values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import pyarrow as pa
from msgspec import structs

from coterie.identity.merges import Merges, decided
from coterie.segments.batch import (
    Knowledge,
    Purchases,
    Relation,
    levels_statement,
    measures_statement,
    overlap_statement,
    purchases_statement,
    size_statement,
    statement,
    values_statement,
)
from coterie.segments.catalog import Catalog
from coterie.segments.core import ALWAYS, EVER, NumberTerm, Selector, ValueTerm, Window
from coterie.segments.measures import Measurable
from coterie.storage.duck import Duck
from coterie.storage.events import EventStore
from coterie.storage.log import SCHEMA


def merges_of(store: EventStore) -> Merges:
    """Return the merges of the log, and what undid them."""
    rows = store.merges().to_pylist()
    found = (decided(row["name"], row["at"], row["position"], row["survivor"], row["loser"]) for row in rows)
    return Merges(decision for decision in found if decision is not None)


class History:
    """One connection over the log as it is now. Close it, or use it as a context."""

    def __init__(self, store: EventStore) -> None:
        self._duck = Duck()
        self._relation: Relation = self._duck.add_log(store.files(), merges=merges_of(store).intervals(), empty=SCHEMA)

    @classmethod
    def over(cls, log: pa.Table, merges: Merges) -> History:
        """Return the history of a log that is a table, with its merges."""
        history = cls.__new__(cls)
        history._duck = Duck()
        history._relation = history._duck.add_log(log, merges=merges.intervals())
        return history

    def members(
        self, catalog: Catalog, key: str, instants: Sequence[int], knowledge: Knowledge = "then"
    ) -> dict[int, set[str]]:
        """Return the members at each instant."""
        sql = statement(catalog, key, instants, relation=self._relation, knowledge=knowledge)
        found: Mapping[int, set[str]] = self._duck.members(sql)
        return {at: found.get(at, set()) for at in instants}

    def members_at(self, catalog: Catalog, key: str, at: int, knowledge: Knowledge = "then") -> set[str]:
        """Return the members at one instant."""
        return self.members(catalog, key, [at], knowledge)[at]

    def sizes(self, catalog: Catalog, key: str, instants: Sequence[int], knowledge: Knowledge = "then") -> list[int]:
        """Return the number of members at each instant, in the order given."""
        sql = size_statement(catalog, key, instants, relation=self._relation, knowledge=knowledge)
        rows = self._duck.run(sql).to_pylist()
        found = {row["at"]: row["size"] for row in rows}
        return [found.get(at, 0) for at in instants]

    def known(self, at: int) -> int:
        """Return how many people are known at an instant: ids that were merged count once."""
        return self.sizes(Catalog.of({"everyone": ALWAYS}), "everyone", [at])[0]

    def overlaps(self, catalog: Catalog, keys: Sequence[str], at: int) -> dict[tuple[str, str], int]:
        """Return the members that each pair of segments shares at an instant; a key with itself gives its size."""
        rows = self._duck.run(overlap_statement(catalog, keys, [at], relation=self._relation)).to_pylist()
        return {(row["one"], row["other"]): row["size"] for row in rows}

    def values(self, term: NumberTerm, at: int) -> pa.Table:
        """Return (at, profile, value) of every known profile; null where the term is missing."""
        return self._duck.run(values_statement(term, [at], relation=self._relation))

    @cached_property
    def _begun(self) -> int | None:
        """The instant of the earliest event; ``None`` without any."""
        found: int | None = self._duck.run('SELECT min("occurred_at") AS "at" FROM "events"')["at"][0].as_py()
        return found

    def measures(
        self,
        terms: Sequence[Measurable],
        at: int,
        *,
        values: Sequence[ValueTerm] = (),
        catalog: Catalog | None = None,
        knowledge: Knowledge = "then",
    ) -> pa.Table:
        """Return (at, profile, m0, m1, …, v0, v1, …) of every known profile: what ``terms`` measure, and ``values`` as JSON text.

        Null where it is missing. ``catalog`` holds the segments that terms refer to.
        """
        sql = measures_statement(
            terms,
            [at],
            relation=structs.replace(self._relation, since=self._begun),
            values=values,
            catalog=catalog,
            knowledge=knowledge,
        )
        return self._duck.run(sql)

    def purchases(self, what: Purchases, at: int, *, after: int | None = None) -> pa.Table:
        """Return one row per person who had bought by ``at``, as known then: see ``purchases_statement``."""
        return self._duck.run(purchases_statement(what, at, after=after, relation=self._relation))

    def levels(self, selector: Selector, field: str, at: int, window: Window = EVER) -> pa.Table:
        """Return (profile, value, events): how many events of each person have each value of a property, as canonical JSON."""
        return self._duck.run(levels_statement(selector, field, at, window=window, relation=self._relation))

    def close(self) -> None:
        self._duck.close()

    def __enter__(self) -> History:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
