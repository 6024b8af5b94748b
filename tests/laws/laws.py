"""What must hold on every case. A law returns ``None``, or the first difference it found, in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import structs

from coterie.identity.merges import Merges, decision_of
from coterie.limits import DAY_US
from coterie.segments import core
from coterie.segments.catalog import Catalog, Lowered
from coterie.segments.oracle import Oracle
from coterie.segments.oracle.terms import value_of
from coterie.values import number_of
from tests.laws.cases import Case, parts
from tests.laws.changes import Change, Derivation
from tests.laws.logs import DECISIONS, Log, restamped, table_of, without_duplicates
from tests.laws.measures import measures_agree, measures_outlive
from tests.laws.readers import (
    Memberships,
    Rows,
    applied,
    begin,
    by_batch,
    by_live,
    by_oracle,
    changes_of,
    from_sections,
    numbered,
    relation_of,
    restore,
    rows_of,
)

if TYPE_CHECKING:
    from coterie.segments.live import Live

Law: TypeAlias = Callable[[Case], "str | None"]
FUTURE_US = 40 * DAY_US
"""How far after the last record the laws about changes let time run on."""


def end_of(case: Case) -> int:
    return max((case.log.events[-1].received_at + FUTURE_US, *case.instants[-1:]))


def difference(what: str, expected: Memberships, found: Memberships) -> str | None:
    """Return the first question that two readers answer differently."""
    for (key, at), members in expected.items():
        if members != found[key, at]:
            return f"{what}: {key} at {at}: expected {sorted(members)}, found {sorted(found[key, at])}"
    return None


def unlike(what: str, expected: Sequence[Change], found: Sequence[Change]) -> str | None:
    """Return the first place at which two change logs part."""
    for number, (one, two) in enumerate(zip(expected, found, strict=False)):
        if one != two:
            return f"{what}: change {number}: expected {one}, found {two}"
    if len(expected) != len(found):
        rest = (expected if len(expected) > len(found) else found)[min(len(expected), len(found))]
        return f"{what}: {len(expected)} changes expected, {len(found)} found, the first more is {rest}"
    return None


# ── the three readers ────────────────────────────────────────────────────────────────────────────────────────


def batch_is_oracle(case: Case) -> str | None:
    """Batch and oracle name the same members at every instant, as known then."""
    catalog = Catalog.of(case.nodes)
    expected = by_oracle(case.log, catalog, case.instants)
    return difference("oracle/batch", expected, by_batch(case.log, catalog, case.instants, list(expected)))


def hindsight(case: Case) -> str | None:
    """Batch and oracle name the same members at every instant, as known now (a few definitions of the case)."""
    catalog = Catalog.of(case.nodes)
    asked = [key for key in catalog.keys if Random(f"{case.seed}{key}").random() < 0.3] or list(catalog.keys)
    expected = by_oracle(case.log, catalog, case.instants, "now")
    questions = [(key, at) for key, at in expected if key in asked]
    found = by_batch(case.log, catalog, case.instants, questions, "now")
    return difference("oracle/batch as known now", {question: expected[question] for question in questions}, found)


def batch_counts(case: Case) -> str | None:
    """Sizes and overlaps are those of the members, and the numbers behind comparisons are the oracle's."""
    from coterie.segments.batch import overlap_statement, size_statement, values_statement

    catalog, rng = Catalog.of(case.nodes), case.rng()
    instants = sorted(rng.sample(case.instants, min(3, len(case.instants))))
    one, other = (rng.choice(catalog.keys) for _ in range(2))
    relation, oracle = relation_of(case.log), Oracle(catalog, case.log.events)
    members = {(key, at): oracle.members(key, at) for key in (one, other) for at in instants}
    sizes = [(at, len(members[one, at])) for at in instants]
    if (found := rows_of(size_statement(catalog, one, instants, relation=relation))) != sizes:
        return f"sizes: {one} at {instants[0]}: expected {sizes}, found {found}"
    pairs = {(at, *sorted(two)) for two in ((one, one), (one, other), (other, other)) for at in instants}
    shared = {(at, x, y, len(both)) for at, x, y in pairs if (both := members[x, at] & members[y, at])}
    if (rows := set(rows_of(overlap_statement(catalog, [one, other], instants, relation=relation)))) != shared:
        return f"overlaps: {one} at {instants[0]}: expected {sorted(shared)}, found {sorted(rows)}"
    terms = [part.term for part in parts(list(case.nodes.values())) if isinstance(part, core.Compare)]
    for term in rng.sample(terms, min(3, len(terms))):
        numbers = rows_of(values_statement(term, instants, relation=relation))
        known = {(at, profile) for at in instants for profile in oracle.profiles(at)}
        if known != {(at, profile) for at, profile, _ in numbers}:
            return f"values: {term}: of whom: expected {sorted(known)}, found {sorted(numbers)}"
        for at, profile, number in numbers:
            facts = oracle.facts(profile, at)
            if facts is not None and (wanted := number_of(value_of(term, facts, at))) != number:
                return f"values: {term} of {profile} at {at}: expected {wanted}, found {number}"
    return None


def live_is_oracle(case: Case) -> str | None:
    """Live and oracle name the same members at every instant."""
    catalog = Catalog.of(case.nodes)
    expected = by_oracle(case.log, catalog, case.instants)
    return difference("oracle/live", expected, by_live(case.log, catalog, case.instants))


def nothing_else_changes(case: Case) -> str | None:
    """The oracle's memberships at any instant follow from its arrivals and predictions alone: it misses no timer."""
    catalog = Catalog.of(case.nodes)
    derivation, rows = Derivation(catalog), list(without_duplicates(case.log.events))
    for at in case.instants:
        while rows and rows[0][1].received_at <= at:
            position, event = rows.pop(0)
            derivation.arrive(event, position)
        derivation.advance(at)
        found = {(key, at): frozenset(p for k, p in derivation.member if k == key) for key in catalog.keys}
        if problem := difference("oracle/its predictions", by_oracle(case.log, catalog, [at]), found):
            return problem
    return None


def changes_are_predicted(case: Case) -> str | None:
    """Live's change log is the one the oracle implies at arrivals and at the instants it predicted, cause for cause."""
    catalog = Catalog.of(case.nodes)
    derivation = Derivation(catalog)
    for position, event in without_duplicates(case.log.events):
        derivation.arrive(event, position)
    derivation.advance(end_of(case))
    return unlike("change log", derivation.changes, run(begin(catalog, case.log), case, [1_000]))


def run(live: Live, case: Case, sizes: Sequence[int]) -> list[Change]:
    """Return every change of the case's log given in chunks, time then running on to its end."""
    found = applied(live, numbered(case.log), case.log.hot, sizes)
    return found + changes_of(live.advance(end_of(case)).table())


# ── order, chunks, snapshots ─────────────────────────────────────────────────────────────────────────────────


def any_order(case: Case) -> str | None:
    """The same events in another order of arrival end in the same memberships."""
    catalog = Catalog.of(case.nodes)
    other = restamped(case.rng(), case.log)
    at = max(end_of(case), other.events[-1].received_at)
    expected = by_oracle(case.log, catalog, [at])
    return difference("oracle/live in another order", expected, by_live(other, catalog, [at])) or difference(
        "oracle/oracle in another order", expected, by_oracle(other, catalog, [at])
    )


def any_chunks(case: Case) -> str | None:
    """The change log does not depend on how the log was cut into batches, nor on idle advances of time."""
    catalog, rng = Catalog.of(case.nodes), case.rng()
    whole = run(begin(catalog, case.log), case, [1_000])
    cut = run(begin(catalog, case.log), case, [rng.choice((1, 1, 2, 3, 8)) for _ in case.log.events])
    live = begin(catalog, case.log)
    found: list[Change] = []
    for row in numbered(case.log):
        at = row[1].received_at
        found += changes_of(live.advance(max(live.now, at - rng.choice((0, 0, 1, case.log.grid)))).table())
        found += changes_of(live.apply(table_of((row,), case.log.hot)).table())
    found += changes_of(live.advance(end_of(case)).table())
    return unlike("chunks", whole, cut) or unlike("advances", whole, found)


def snapshot_anywhere(case: Case) -> str | None:
    """A restored reader is the same to the byte, and has the same future."""
    catalog, rng, rows = Catalog.of(case.nodes), case.rng(), numbered(case.log)
    cut = rng.randrange(len(rows) + 1)
    live = begin(catalog, case.log)
    applied(live, rows[:cut], case.log.hot, [1_000])
    if 0 < cut < len(rows) and rng.random() < 0.5:
        live.advance(min(live.now + rng.choice((1, case.log.grid)), rows[cut][1].received_at))
    data = live.snapshot()
    restored = restore(catalog, data, case.log)
    if restored.snapshot() != data:
        return f"snapshot after {cut} records: the restored reader's own snapshot differs"
    futures = [_future(one, rows[cut:], case) for one in (live, restored)]
    if problem := unlike(f"future after a snapshot at {cut}", *futures):
        return problem
    return None if live.snapshot() == restored.snapshot() else f"snapshot after {cut} records: states part later"


def _future(live: Live, rows: Rows, case: Case) -> list[Change]:
    found = applied(live, rows, case.log.hot, [1_000])
    return found + changes_of(live.advance(end_of(case)).table())


def copies_live_alone(case: Case) -> str | None:
    """A copy, and a reader made of sections, have the state and the future of the first, whatever happens to it meanwhile."""
    catalog, rng, rows = Catalog.of(case.nodes), case.rng(), numbered(case.log)
    cut = rng.randrange(len(rows) + 1)
    live = begin(catalog, case.log)
    applied(live, rows[:cut], case.log.hot, [1_000])
    data, copy, sections = live.snapshot(), live.copy(), dict(live.sections())
    expected = _future(live, rows[cut:], case)
    if copy.snapshot() != data:
        return f"copy after {cut} records: it changed with the first"
    taken_up = from_sections(catalog, sections, case.log)
    if taken_up.snapshot() != data:
        return f"sections after {cut} records: the reader made of them differs"
    for one in (copy, taken_up):
        if problem := unlike(f"future of a copy at {cut}", expected, _future(one, rows[cut:], case)):
            return problem
        if one.snapshot() != live.snapshot():
            return f"copy after {cut} records: states part later"
    return None


def outlooks_come_true(case: Case) -> str | None:
    """The live reader knows when each membership changes next if nothing arrives, as the oracle does, and asking changes nothing."""
    catalog, rng, rows = Catalog.of(case.nodes), case.rng(), numbered(case.log)
    cut = rng.randrange(1, len(rows) + 1)
    live = begin(catalog, case.log)
    applied(live, rows[:cut], case.log.hot, [1_000])
    live.advance(live.now + rng.choice((0, 1, case.log.grid)))
    data, oracle = live.snapshot(), Oracle(catalog, [event for _, event in rows[:cut]])
    profiles = sorted({event.profile for event in case.log.events})
    for profile in rng.sample(profiles, min(3, len(profiles))):
        for key in rng.sample(catalog.keys, min(8, len(catalog.keys))):
            expected, found = oracle.next_change(key, profile, live.now), live.outlook(key, profile)
            if found != expected:
                return f"outlook: {key} at {live.now}: of {profile} after {cut}: expected {expected}, found {found}"
    return None if live.snapshot() == data else "asking for an outlook changed the state"


# ── edits ────────────────────────────────────────────────────────────────────────────────────────────────────


def catalogs_of(case: Case) -> tuple[Catalog, Catalog]:
    """Return the catalog before and after an edit that adds, changes, keeps and removes definitions of the case."""
    whole = Catalog.of(case.nodes)
    roll = {key: Random(f"{case.seed}{key}").random() for key in whole.keys}
    plain = [node for node in case.nodes.values() if not core.references(node)] or [core.ALWAYS]

    def nodes(keys: list[str], edited: bool) -> Catalog:
        needed = {one for key in keys for one in whole.closure(key).keys}
        found = {}
        for key in sorted(needed):
            changed = 0.3 <= roll[key] < 0.6
            node: core.Node = case.nodes[key]
            if changed and not edited:
                node = core.Not(node) if roll[key] < 0.45 else plain[int(roll[key] * 1e6) % len(plain)]
            found[key] = Lowered(key, 2 if changed and edited else 1, node)
        return Catalog(found)

    before = nodes([key for key in whole.keys if roll[key] >= 0.3], False)
    return before, nodes([key for key in whole.keys if roll[key] < 0.8], True)


def edits_are_beginnings(case: Case) -> str | None:
    """Definitions added, changed and removed on the way leave what a reader has that began with the result."""
    before, after = catalogs_of(case)
    rng, rows = case.rng(), numbered(case.log)
    cut = rng.randrange(len(rows) + 1)
    edited, fresh = begin(before, case.log), begin(after, case.log)
    for live in (edited, fresh):
        applied(live, rows[:cut], case.log.hot, [1_000])
    at = (rows[cut - 1] if cut else rows[0])[1].received_at
    if rng.random() < 0.5:
        at = min(at + rng.choice((1, case.log.grid)), rows[cut][1].received_at if cut < len(rows) else at + DAY_US)
    edited.advance(at)
    fresh.advance(at)
    held = {key: set(edited.members(key)) for key in before.keys}
    found = changes_of(edited.edit(after, [table_of(rows[:cut], case.log.hot)] if cut else [], at).table())
    wanted = {key: set(fresh.members(key)) for key in after.keys}
    for key in after.keys:
        if set(edited.members(key)) != wanted[key]:
            return (
                f"edit at {at} after {cut}: {key}: expected {sorted(wanted[key])}, found {sorted(edited.members(key))}"
            )
    if problem := _edit_changes(held, wanted, found, at):
        return f"edit at {at} after {cut} records: {problem}"
    return unlike(f"future after an edit at {cut}", *(_future(live, rows[cut:], case) for live in (fresh, edited)))


def _edit_changes(held: dict[str, set[str]], wanted: dict[str, set[str]], found: list[Change], at: int) -> str | None:
    expected = set()
    for key in held | wanted:
        old, new = held.get(key, set()), wanted.get(key, set())
        expected |= {(key, profile, "entered") for profile in new - old}
        expected |= {(key, profile, "exited") for profile in old - new}
    told = [(change.segment, change.profile, change.direction) for change in found]
    if set(told) != expected or len(told) != len(expected):
        return f"changes expected {sorted(expected)}, found {sorted(told)}"
    strange = [c for c in found if (c.at, c.cause, c.event_id, c.position) != (at, "edit", "", -1)]
    return f"not stamped as an edit: {strange[0]}" if strange else None


def any_life(case: Case) -> str | None:
    """Whatever a reader goes through on its way, its change log retells its members, and it ends where the oracle does."""
    rng, rows = case.rng(), numbered(case.log)
    catalogs = catalogs_of(case)
    catalog = catalogs[0]
    live, done, now = begin(catalog, case.log), 0, rows[0][1].received_at
    told: set[tuple[str, str]] = set()
    while done < len(rows):
        found: list[Change] = []
        roll = rng.random()
        if roll < 0.6:
            size = rng.choice((1, 2, 5, 9))
            found = changes_of(live.apply(table_of(rows[done : done + size], case.log.hot)).table())
            done += size
        elif roll < 0.7:
            live = restore(catalog, live.snapshot(), case.log)
        elif done and roll < 0.85:
            catalog = rng.choice(catalogs)
            cut = rng.randrange(done)
            history = [table_of(rows[:cut], case.log.hot), table_of(rows[cut:done], case.log.hot)]
            found = changes_of(live.edit(catalog, history, live.now).table())
        else:
            found = changes_of(live.advance(min(now + case.log.grid, rows[done][1].received_at)).table())
        now = max(now, live.now)
        for change in found:
            known = (change.segment, change.profile) in told
            if known == (change.direction == "entered"):
                return f"a change that changes nothing: {change}"
            told ^= {(change.segment, change.profile)}
        members = {(key, profile) for key in catalog.keys for profile in live.members(key)}
        if members != told:
            return f"after {done} records: not told of {sorted(members ^ told)}"
    at = end_of(case)
    live.advance(at)
    expected = by_oracle(case.log, catalog, [at])
    return difference(
        "oracle/live after a long life", expected, {(k, at): frozenset(live.members(k)) for k in catalog.keys}
    )


# ── identity ─────────────────────────────────────────────────────────────────────────────────────────────────


def survivors_received_both(case: Case) -> str | None:
    """After all that was decided, a log ends as one in which every record had been its last owner's from the start."""
    catalog = Catalog.of(case.nodes)
    merges = Merges(m for position, event in without_duplicates(case.log.events) if (m := decision_of(event, position)))
    events = tuple(
        structs.replace(
            event,
            profile=merges.canonical(event.profile),
            properties={} if event.name in DECISIONS else event.properties,
        )
        for event in case.log.events
    )
    at = end_of(case)
    expected = by_live(structs.replace(case.log, events=events), catalog, [at])
    return difference("live, both streams/live, merged", expected, by_live(case.log, catalog, [at]))


def duplicates_change_nothing(case: Case) -> str | None:
    """Records that arrive twice, merges among them, leave no trace in the change log."""
    catalog, rows = Catalog.of(case.nodes), numbered(case.log)
    twice: list[Any] = []
    for position, event in rows:
        twice.append(event)
        if position % 2:
            again = case.log.events[position // 2]
            twice.append(structs.replace(again, received_at=event.received_at))
    once = [event for _, event in without_duplicates(case.log.events)]
    until = structs.replace(case, instants=(end_of(case),))
    logs = [_log(case, some) for some in (once, twice)]
    found = [run(begin(catalog, log), structs.replace(until, log=log), [1_000]) for log in logs]
    bare = [[change._replace(position=0) for change in changes] for changes in found]
    return unlike("duplicates", *bare)


def _log(case: Case, events: list[Any]) -> Log:
    return structs.replace(case.log, events=tuple(events))


ALWAYS_TRIED: tuple[Law, ...] = (batch_is_oracle, live_is_oracle, changes_are_predicted)
IN_TURN: tuple[Law, ...] = (
    nothing_else_changes,
    batch_counts,
    any_life,
    hindsight,
    any_order,
    any_chunks,
    snapshot_anywhere,
    edits_are_beginnings,
    copies_live_alone,
    outlooks_come_true,
    survivors_received_both,
    duplicates_change_nothing,
    measures_agree,
    measures_outlive,
)
LAWS: dict[str, Law] = {law.__name__: law for law in (*ALWAYS_TRIED, *IN_TURN)}
