"""The proof of the demo: what live said then, SQL finds in the log, and the oracle finds for a sample of people."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

import pyarrow as pa
from msgspec import Struct

from coterie.cli.demo_shop import Days, id_of
from coterie.engine.history import History, merges_of
from coterie.engine.project import Project
from coterie.engine.records import event_of
from coterie.identity.merges import Merges
from coterie.segments.batch import statement
from coterie.segments.catalog import Catalog
from coterie.segments.oracle import Oracle
from coterie.storage.duck import Duck

Members = Mapping[int, set[str]]
NOBODY: frozenset[str] = frozenset()


class Truth(Struct, frozen=True, kw_only=True):
    """How many people the simulator counted, how many the segment has, and who differs."""

    true: int
    found: int
    differing: frozenset[str]


class Proof(Struct, frozen=True, kw_only=True):
    """How many memberships of one segment were compared, and how many differed."""

    key: str
    people: int
    """Known people at the instants, judged by live and by batch."""
    members: int
    """How many of these were members."""
    sampled: int
    """People at the instants whom the oracle judged too."""
    batch_differs: int
    oracle_differs: int


def members_then(changes: pa.Table, instants: Sequence[int]) -> dict[str, dict[int, set[str]]]:
    """Return who was in which segment at each instant, as the change log tells it."""
    found: dict[str, dict[int, set[str]]] = {}
    now: dict[str, set[str]] = {}
    rows = zip(*(changes[name].to_pylist() for name in ("at", "segment", "profile", "direction")), strict=True)
    waiting = sorted(instants)
    for at, key, profile, direction in rows:
        while waiting and at > waiting[0]:
            _keep(found, now, waiting.pop(0))
        members = now.setdefault(key, set())
        if direction == "entered":
            members.add(profile)
        else:
            members.discard(profile)
    for instant in waiting:
        _keep(found, now, instant)
    return found


def _keep(found: dict[str, dict[int, set[str]]], now: Mapping[str, set[str]], instant: int) -> None:
    for key, members in now.items():
        found.setdefault(key, {})[instant] = set(members)


def prove(
    project: Project, catalog: Catalog, live: Mapping[str, Members], log: pa.Table, instants: Sequence[int], sample: int
) -> list[Proof]:
    """Return one proof per segment: live against batch for everybody, and against the oracle for ``sample`` people."""
    merges = merges_of(project.events)
    oracle = _oracle(project, catalog, merges, sample)
    known = {at: oracle.profiles(at) for at in instants}
    with Duck() as duck:
        relation = duck.add_log(log, merges=merges.intervals())
        people = _known(duck, instants)
        proofs = []
        for key in catalog.keys:
            found = duck.members(statement(catalog.closure(key), key, instants, relation=relation))
            proofs.append(_compare(key, found, live.get(key, {}), oracle, known, people))
        return proofs


def truly_at_risk(project: Project, catalog: Catalog, key: str, days: Days) -> Truth:
    """Return how the segment compares with what the simulator counted itself at its end, all that arrived since included."""
    table = days.shop.truth()
    true = {id_of(one) for one in table.filter(table["at_risk"])["profile"].to_pylist()}
    with History(project.events) as history:
        found = history.members_at(catalog.closure(key), key, days.shop.end, "now")
    return Truth(true=len(true), found=len(found), differing=frozenset(true ^ found))


def _known(duck: Duck, instants: Sequence[int]) -> int:
    """Return how many people were known at the instants, all together."""
    total = 0
    for at in instants:
        table = duck.run(
            "SELECT count(DISTINCT coalesce(a.canonical, e.profile)) AS people FROM events e LEFT JOIN aliases a"
            f" ON a.profile = e.profile AND a.since <= {at} AND (a.until IS NULL OR a.until > {at}) WHERE e.received_at <= {at}"
        )
        total += table["people"][0].as_py()
    return total


def _oracle(project: Project, catalog: Catalog, merges: Merges, sample: int) -> Oracle:
    """Return the oracle over every id that became one of ``sample`` people."""
    ids = project.events.profiles()
    people = sorted({merges.canonical(one) for one in ids})
    chosen = set(random.Random(sample).sample(people, min(sample, len(people))))
    families = merges.families()
    wanted = {one for person in chosen for one in families.get(person, (person,))}
    return Oracle(catalog, map(event_of, project.events.scan(profiles=sorted(wanted & set(ids))).to_pylist()))


def _compare(
    key: str, batch: Members, live: Members, oracle: Oracle, known: Mapping[int, set[str]], people: int
) -> Proof:
    differs = sum(len(batch.get(at, NOBODY) ^ live.get(at, NOBODY)) for at in known)
    wrong = sum(
        oracle.member(key, one, at) != (one in live.get(at, NOBODY))
        for at, profiles in known.items()
        for one in profiles
    )
    return Proof(
        key=key,
        people=people,
        members=sum(len(live.get(at, NOBODY)) for at in known),
        sampled=sum(len(profiles) for profiles in known.values()),
        batch_differs=differs,
        oracle_differs=wrong,
    )
