"""The oracle over a whole project: some people at a time, in several processes where that is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct

from coterie.engine.history import merges_of
from coterie.engine.project import Project
from coterie.engine.records import event_of
from coterie.segments.catalog import Catalog
from coterie.segments.oracle import Oracle

PEOPLE_AT_ONCE = 400
"""People whose records are in memory as Python objects at a time."""


class Judgement(Struct, frozen=True, kw_only=True):
    """What the oracle says of some people: how many it knows at each instant, and who is a member of what."""

    people: int
    known: dict[int, int]
    members: dict[tuple[str, int], set[str]]


def judge(catalog: Catalog, instants: Sequence[int], log: pa.Table) -> Judgement:
    """Return the judgement over all records of some people."""
    oracle = Oracle(catalog, [event_of(row) for row in log.to_pylist()])
    known = {at: oracle.profiles(at) for at in instants}
    members = {
        (key, at): {one for one in known[at] if oracle.member(key, one, at)} for at in instants for key in catalog.keys
    }
    people = len(pc.unique(log["profile"]))
    return Judgement(people=people, known={at: len(found) for at, found in known.items()}, members=members)


def judgements(
    project: Project, catalog: Catalog, instants: Sequence[int], workers: int = 1
) -> Iterator[tuple[Judgement, float]]:
    """Yield the judgement of everybody, some people at a time, and the share that is done.

    With several ``workers`` the processes are started anew, so a script that calls this needs its ``__main__`` guard.
    """
    parts = list(by_people(project))
    one = partial(judge, catalog, instants)
    if workers < 2 or len(parts) < 2:
        for place, part in enumerate(parts, 1):
            yield one(part), place / len(parts)
        return
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        for place, found in enumerate(pool.map(one, parts), 1):
            yield found, place / len(parts)


def by_people(project: Project, only: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """Yield the records of some people at a time, all ids that were ever one person together."""
    merges = merges_of(project.events)
    first = {one: min(family) for one, family in merges.families().items()}
    families: dict[str, list[str]] = {}
    for one in project.events.profiles():
        families.setdefault(first.get(one, one), []).append(one)
    names = sorted(families) if only is None else sorted({first.get(one, one) for one in only} & families.keys())
    log = project.events.scan(profiles=None if only is None else [one for name in names for one in families[name]])
    place = {one: number for number, name in enumerate(names) for one in families[name]}
    owner = pa.array([place[one] for one in log["profile"].to_pylist()], pa.int64())
    for start in range(0, len(names), PEOPLE_AT_ONCE):
        yield log.filter(pc.and_(pc.greater_equal(owner, start), pc.less(owner, start + PEOPLE_AT_ONCE)))
