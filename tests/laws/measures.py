"""Laws about what is measured of people: every reader gives the same float64, bit for bit, whatever it went through."""

from __future__ import annotations

import math
import struct
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Any

from coterie.model import Value
from coterie.segments import core
from coterie.segments.catalog import Catalog
from coterie.segments.measures import Measurable, Measures
from coterie.segments.moments import HOUR, WEEKDAY, moment_of, timed
from coterie.segments.oracle import Oracle
from coterie.values import canonical, normal
from tests.laws import words
from tests.laws.cases import Case, parts
from tests.laws.logs import table_of, without_duplicates
from tests.laws.readers import applied, begin, from_sections, numbered, relation_of, restore, rows_of

if TYPE_CHECKING:
    from coterie.segments.live import Live

Measured = dict[str, list[float | None]]
"""What every term is, by profile."""
TERMS, SESSIONS = 16, 6
KINDS = (core.Aggregate, core.Elapsed, core.Until, core.Hash, core.Trait, core.Compare, core.Holds, core.InSegment)


def terms_of(case: Case) -> Measures:
    """Return some of the terms and leaves that the definitions of the case are made of, each once, and some sessions."""
    known: dict[str, Measurable] = {}
    for part in parts(list(case.nodes.values())):
        if isinstance(part, (*KINDS, core.Sequence)):
            known[repr(part)] = part
    some = case.rng().sample(list(known.values()), min(TERMS, len(known)))
    return (*some, *sessions_of(case), *by_the_clock(case))


def sessions_of(case: Case) -> Measures:
    """Return sessions whose gap is a pause that somebody made, or the microsecond beside it."""
    rng, happened = Random(case.seed), defaultdict(list)
    for event in case.log.events:
        happened[event.profile].append(event.occurred_at)
    pauses = [
        after - before for some in happened.values() for before, after in pairwise(sorted(some)) if after > before
    ]
    windows = (core.EVER, *(core.Rolling(rng.choice(pauses) * rng.choice((1, 2, 3))) for _ in pauses[:3]))
    names = sorted({event.name for event in case.log.events})
    return tuple(
        core.Aggregate(
            rng.choice(("sessions", "active_seconds")),
            core.Selector(tuple(rng.sample(names, min(3, len(names)))) if rng.random() < 0.4 else ()),
            window=rng.choice(windows),
            gap_us=rng.choice(pauses) + rng.choice((0, 0, 1, -1)),
        )
        for _ in pauses[:SESSIONS]
    )


def by_the_clock(case: Case) -> Measures:
    """Return what happened at some hours and weekdays of a local clock, near those of the log's own events."""
    rng = Random(case.seed + 1)
    zone = rng.choice((case.log.zone, *words.ZONES))
    hour, weekday = (timed(key, zone) for key in (HOUR, WEEKDAY))
    seen = moment_of(hour, rng.choice(case.log.events).occurred_at)
    test = core.Order(rng.choice(("<", "<=", ">", ">=")), float(seen))
    days = core.OneOf(tuple(rng.sample(range(1, 8), 3)))
    return (
        core.Aggregate("count", core.Selector(where=(core.Field(hour, test, rng.random() < 0.3),))),
        core.Aggregate("days", core.Selector(where=(core.Field(weekday, days), core.Field(hour, core.Exists())))),
        core.Aggregate(
            rng.choice(("distinct", "repeats", "sum", "mean")), core.Selector(), rng.choice((hour, weekday))
        ),
        core.Aggregate(rng.choice(("first", "latest", "most_frequent")), core.Selector(), rng.choice((hour, weekday))),
    )


def bits(number: float | None) -> bytes | None:
    return None if number is None else struct.pack("<d", number)


def unlike(what: str, terms: Sequence[Any], at: int, expected: Measured, found: Measured) -> str | None:
    """Return the first measure in which two readers differ by a bit."""
    if expected.keys() != found.keys():
        return f"{what}: of whom at {at}: expected {sorted(expected)}, found {sorted(found)}"
    for profile, numbers in expected.items():
        for term, one, other in zip(terms, numbers, found[profile], strict=True):
            if bits(one) != bits(other):
                return f"{what}: {term} of {profile} at {at}: expected {one}, found {other}"
    return None


def by_oracle(oracle: Oracle, terms: Measures, at: int) -> Measured:
    return {profile: oracle.measure(terms, profile, at) for profile in oracle.profiles(at)}


def by_live(live: Live, model: str = "model") -> Measured:
    """Return what the live reader measures now of everybody it knows."""
    rows, numbers = live.known_rows(), live.measure(model).tolist()
    ids = [live.profiles.text_of(row) for row in rows.tolist()]
    return {one: [None if math.isnan(x) else x for x in found] for one, found in zip(ids, numbers, strict=True)}


def text_of(value: Value) -> str | None:
    return None if value is None or value == "" else canonical(normal(value))


def measures_agree(case: Case) -> str | None:
    """The oracle, batch and live measure the same of the same people, and batch's texts are the oracle's values."""
    from coterie.segments.batch import measures_statement

    terms, rows, done = terms_of(case), numbered(case.log), 0
    catalog = Catalog.of(case.nodes, measures={"model": terms})
    instants = sorted(case.rng().sample(case.instants, min(4, len(case.instants))))
    oracle = Oracle(catalog, (event for _, event in without_duplicates(case.log.events)))
    values = [term for term in terms if isinstance(term, core.Trait | core.Aggregate)]
    asked = {"relation": relation_of(case.log), "values": values, "catalog": catalog}
    batch: dict[int, Measured] = {at: {} for at in instants}
    texts: dict[tuple[int, str], tuple[Any, ...]] = {}
    for at, profile, *found in rows_of(measures_statement(terms, instants, **asked)):
        batch[at][profile] = found[: len(terms)]
        texts[at, profile] = tuple(found[len(terms) :])
    live = begin(catalog, case.log)
    for at in instants:
        upto = next((i for i in range(done, len(rows)) if rows[i][1].received_at > at), len(rows))
        applied(live, rows[done:upto], case.log.hot, [1_000])
        done = upto
        live.advance(at)
        expected = by_oracle(oracle, terms, at)
        if problem := unlike("oracle/batch", terms, at, expected, batch[at]):
            return problem
        if problem := unlike("oracle/live", terms, at, expected, by_live(live)):
            return problem
        if problem := _texts(oracle, values, at, {who: texts[at, who] for who in batch[at]}):
            return problem
    return None


def _texts(oracle: Oracle, values: Sequence[Any], at: int, found: dict[str, tuple[Any, ...]]) -> str | None:
    from coterie.segments.oracle.terms import value_of

    for profile, texts in found.items():
        facts = oracle.facts(profile, at)
        for term, text in zip(values, texts, strict=True):
            wanted = None if facts is None else text_of(value_of(term, facts, at))
            if wanted != text and not (isinstance(term, core.Aggregate) and term.kind not in core.VALUE_KINDS):
                return f"texts: {term} of {profile} at {at}: expected {wanted}, found {text}"
    return None


def measures_outlive(case: Case) -> str | None:
    """Measures are the same after a snapshot, in a copy, in a reader made of sections, and of one edited to have them."""
    rng, rows, terms = case.rng(), numbered(case.log), terms_of(case)
    cut, other = rng.randrange(1, len(rows) + 1), {"other": terms[1::2]}
    catalog = Catalog.of(case.nodes, measures={"model": terms} | other)
    live = begin(catalog, case.log)
    applied(live, rows[:cut], case.log.hot, [1_000])
    later = live.now + rng.choice((0, 1, case.log.grid))
    live.advance(later if cut == len(rows) else min(later, rows[cut][1].received_at))
    data = live.snapshot()
    expected = by_live(live)
    if live.snapshot() != data:
        return f"measures: asking after {cut} records changed the state"
    edited = begin(Catalog.of(case.nodes, measures=other), case.log)
    applied(edited, rows[:cut], case.log.hot, [1_000])
    edited.advance(live.now)
    edited.edit(catalog, [table_of(rows[:cut], case.log.hot)], live.now)
    readers = {
        "a restored reader": restore(catalog, data, case.log),
        "a copy": live.copy(),
        "a reader of sections": from_sections(catalog, dict(live.sections()), case.log),
        "an edited reader": edited,
    }
    for what, one in readers.items():
        if problem := unlike(what, terms, live.now, expected, by_live(one)):
            return problem
    return _futures(case, terms, cut, {"the reader": live, **readers})


def _futures(case: Case, terms: Measures, cut: int, readers: dict[str, Live]) -> str | None:
    rows = numbered(case.log)
    at = rows[-1][1].received_at + case.log.grid
    for one in readers.values():
        applied(one, rows[cut:], case.log.hot, [1_000])
        one.advance(max(at, one.now))
    whole = begin(Catalog.of(case.nodes, measures={"model": terms}), case.log)
    applied(whole, rows, case.log.hot, [1_000])
    whole.advance(next(iter(readers.values())).now)
    expected = by_live(whole)
    return _first(unlike(f"the future of {what}", terms, at, expected, by_live(one)) for what, one in readers.items())


def _first(said: Iterable[str | None]) -> str | None:
    return next((one for one in said if one is not None), None)
