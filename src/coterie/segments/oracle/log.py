"""The oracle over a whole log: who was a member of what, at any instant, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from coterie.identity.merges import Merges, decision_of
from coterie.model import Event, Value
from coterie.segments.catalog import Catalog
from coterie.segments.core import Leaf, leaves
from coterie.segments.measures import Measurable
from coterie.segments.oracle.evaluate import evaluate, measure, next_change
from coterie.segments.oracle.evidence import evidence_of, value_at
from coterie.segments.oracle.facts import Facts, Record
from coterie.segments.oracle.history import History, Knowledge
from coterie.values import event_key


class LeafVerdict(Struct, frozen=True):
    """One leaf at an instant: its truth, the ids of the events that count, when its truth changes next, and its value."""

    leaf: Leaf
    holds: bool
    evidence: tuple[str, ...]
    next_change: int | None
    value: Value = None


class Verdict(Struct, frozen=True):
    """Membership at an instant, leaf by leaf; ``next_change`` is when it changes if nothing arrives (None: never)."""

    member: bool
    leaves: tuple[LeafVerdict, ...]
    next_change: int | None


class Oracle:
    """Answers over ``events`` in any order; those of one ``received_at`` count as given in the order of arrival.

    An event id counts once, as it first arrived. Ids that merges made one are one profile from the merge on, until an unmerge.
    Memory: the events, and per profile what its definitions selected.
    """

    def __init__(self, catalog: Catalog, events: Iterable[Event]) -> None:
        self.catalog = catalog
        once: dict[str, Event] = {}
        for event in sorted(events, key=lambda event: event.received_at):
            once.setdefault(event.id, event)
        found = (decision_of(event, position) for position, event in enumerate(once.values()))
        self.merges = Merges(merge for merge in found if merge is not None)
        self._records: dict[str, list[Record]] = {}
        for event in once.values():
            record = Record(event.occurred_at, event_key(event.id), event)
            self._records.setdefault(event.profile, []).append(record)
        self._families = self.merges.families()
        self._histories: dict[tuple[str, ...], History] = {}

    def canonical(self, profile: str, at: int, knowledge: Knowledge = "then") -> str:
        """Return the profile that ``profile`` belongs to at ``at``; as known now, all merges count."""
        return self.merges.canonical(profile, at if knowledge == "then" else None)

    def facts(self, profile: str, at: int, knowledge: Knowledge = "then") -> Facts | None:
        """Return the records that count for ``profile`` at ``at``; ``None`` if it is unknown then, or absorbed."""
        if self.canonical(profile, at, knowledge) != profile:
            return None
        family = self._families.get(profile)
        ids: tuple[str, ...] = (profile,)
        if family is not None:
            ids = (profile, *sorted(i for i in family if i != profile and self.canonical(i, at, knowledge) == profile))
        history = self._histories.get(ids)
        if history is None:
            records = (record for one in ids for record in self._records.get(one, ()))
            history = self._histories[ids] = History(profile, records, self.catalog)
        return history.facts(at, knowledge)

    def profiles(self, at: int, knowledge: Knowledge = "then") -> set[str]:
        """Return the profiles known at ``at``: at least one record counts, and no other profile absorbed them."""
        return {profile for profile, _ in self._known(at, knowledge)}

    def _known(self, at: int, knowledge: Knowledge) -> Iterator[tuple[str, Facts]]:
        for profile in {self.canonical(one, at, knowledge) for one in self._records}:
            facts = self.facts(profile, at, knowledge)
            if facts is not None:
                yield profile, facts

    def member(self, key: str, profile: str, at: int, knowledge: Knowledge = "then") -> bool:
        """Return whether ``profile`` is in the segment at ``at``. An absorbed or unknown profile is in none."""
        facts = self.facts(profile, at, knowledge)
        return facts is not None and evaluate(self.catalog[key].node, facts, at)

    def members(self, key: str, at: int, knowledge: Knowledge = "then") -> set[str]:
        """Return the members of the segment at ``at``. Cost: one evaluation per known profile."""
        node = self.catalog[key].node
        return {profile for profile, facts in self._known(at, knowledge) if evaluate(node, facts, at)}

    def measure(
        self, terms: Sequence[Measurable], profile: str, at: int, knowledge: Knowledge = "then"
    ) -> list[float | None]:
        """Return what each term measures of ``profile`` at ``at``; all missing when it is unknown then, or absorbed."""
        facts = self.facts(profile, at, knowledge)
        return [None if facts is None else measure(term, facts, at) for term in terms]

    def next_change(self, key: str, profile: str, at: int) -> int | None:
        """Return the next instant at which ``profile`` enters or leaves if nothing arrives, or ``None``."""
        facts = self.facts(profile, at)
        return None if facts is None else next_change(self.catalog[key].node, facts, at)

    def verdict(self, key: str, profile: str, at: int, knowledge: Knowledge = "then") -> Verdict:
        """Return membership of ``profile`` with the evidence of every leaf, from left to right.

        An unknown or absorbed profile is no member, and has no evidence and no next change.
        """
        facts = self.facts(profile, at, knowledge)
        if facts is None:
            return Verdict(False, (), None)
        node = self.catalog[key].node
        parts = tuple(
            LeafVerdict(
                leaf,
                evaluate(leaf, facts, at),
                evidence_of(leaf, facts, at),
                next_change(leaf, facts, at),
                value_at(leaf, facts, at),
            )
            for leaf in leaves(node)
        )
        return Verdict(evaluate(node, facts, at), parts, next_change(node, facts, at))
