"""Spreads against their own history: types, sizes, values, shapes of texts, delays."""

from __future__ import annotations

from collections.abc import Sequence

from coterie.monitoring.baseline import WEEK
from coterie.monitoring.distances import chance, distance
from coterie.monitoring.finding import Finding, finding_of
from coterie.monitoring.measures import OTHER, Spread, Subject, pooled
from coterie.monitoring.terms import Check, Severity, Term, term_of
from coterie.monitoring.tuning import Tuning

WINDOW_DAYS = 28
BEYOND = 12
"""Bins beyond all that was seen, from where a single number is out of range: a factor of eight."""
NEW: dict[str, float] = {"values": 10, "shapes": 3}
"""Measure → so many rows with a value that was never there are told, if they are more than ``NEW_SHARE`` of all."""
NEW_SHARE = 0.02
SHOWN = 4

Days = Sequence[tuple[int, Spread]]


def judge(subject: Subject, today: Spread, history: Days, day: int, tuning: Tuning) -> list[Finding]:
    """Return what is wrong with a spread."""
    term = term_of(subject.measure)
    least = tuning.rows_least if subject.measure in ("types", *NEW) else tuning.spread_rows_least
    known = [one for one in history if one[1].whole >= least][-WINDOW_DAYS:]
    if len(known) < tuning.days_least:
        return []
    found = [_moved(subject, today, known, day, term, tuning)] if today.whole >= least else []
    if subject.measure == "types":
        found = [_strangers(subject, today, known, day, 3, term)]
    elif subject.measure == "numbers":
        found.append(_beyond(subject, today, known, day))
    elif subject.measure in NEW and today.whole >= tuning.rows_least and not any(found):
        found = [_strangers(subject, today, known, day, NEW[subject.measure], term)]
    return [one for one in found if one is not None]


def _moved(subject: Subject, today: Spread, known: Days, day: int, term: Term, tuning: Tuning) -> Finding | None:
    """Return the finding that the spread is further from all others than any of them is from the rest."""
    spreads = [spread for _, spread in known]
    normal = pooled(spreads)
    today = _uncovered(today, normal)
    apart = distance(today, normal, ordered=term.ordered)
    same = [spread for one, spread in known if (one - day) % WEEK == 0]
    if len(same) >= 2:
        apart = min(apart, distance(today, pooled(same), ordered=term.ordered))
    floor = term.floor * tuning.score_least / 6.0 + chance(normal, today.whole, ordered=term.ordered)
    if apart < floor:
        return None
    before = sorted(distance(one, _without(normal, one), ordered=term.ordered) for one in spreads)
    largest = before[-2] if len(before) >= 10 else before[-1]
    if apart < 1.4 * largest:
        return None
    says = f"{subject.says()}: the {term.says} differ from those of {len(known)} days before: {_difference(subject.measure, today, normal)}"
    return finding_of(
        subject, day, term.check, term.severity, says,
        received=apart, expected=before[len(before) // 2], score=apart / max(floor, largest), rows=today.whole,
    )  # fmt: skip


def _uncovered(today: Spread, normal: Spread) -> Spread:
    """Return ``today`` with its hidden rows given to usual values that it does not name: few people had them, so they were hidden."""
    hidden = today.counts.get(OTHER, 0.0)
    absent = [name for name in normal.counts if name not in today.counts]
    if not hidden or not absent:
        return today
    counts, share = dict(today.counts), today.whole / (normal.whole or 1.0)
    for name in sorted(absent, key=lambda name: -normal.counts[name]):
        given = min(hidden, normal.counts[name] * share)
        counts[name], hidden = given, hidden - given
    return Spread({**counts, OTHER: hidden})


def _without(all_: Spread, one: Spread) -> Spread:
    """Return ``all_`` less ``one``."""
    return Spread({name: count - one.counts.get(name, 0.0) for name, count in all_.counts.items()})


def _strangers(subject: Subject, today: Spread, known: Days, day: int, rows_least: float, term: Term) -> Finding | None:
    """Return the finding that something is there that was never there, unless new ones keep coming here."""
    seen: set[str] = set()
    share_least = term.floor if term.check is Check.SCHEMA else NEW_SHARE
    fresh_days = 0
    for index, (_, spread) in enumerate(known):
        whole = spread.whole
        fresh = [name for name, count in spread.counts.items() if name not in seen and count >= share_least * whole]
        fresh_days += bool(index >= 3 and fresh)
        seen |= spread.counts.keys()
    new = {name: count for name, count in today.counts.items() if name not in seen and name != OTHER}
    rows = sum(new.values())
    if fresh_days >= 2 or rows < max(rows_least, share_least * today.whole):
        return None
    told = ", ".join(f"{name} ({count:,.0f} rows)" for name, count in _largest(new))
    before = ", ".join(name for name, _ in _largest(pooled([spread for _, spread in known]).counts))
    says = f"{subject.says()}: {term.says} that were never there: {told}; so far {before}"
    severity = Severity.ERROR if term.check is Check.SCHEMA else Severity.WARNING
    return finding_of(subject, day, term.check, severity, says, received=rows / today.whole, rows=rows)


def _beyond(subject: Subject, today: Spread, known: Days, day: int) -> Finding | None:
    """Return the finding that numbers are far out of the range seen so far."""
    seen = [float(name) for _, spread in known for name in spread.counts]
    if sum(spread.whole for _, spread in known) < 200:
        return None
    least, most = min(seen), max(seen)
    rows = sum(count for name, count in today.counts.items() if not least - BEYOND < float(name) < most + BEYOND)
    if not rows:
        return None
    far = max((float(name) for name in today.counts), key=lambda name: max(name - most, least - name))
    says = f"{subject.says()}: {rows:,.0f} {'number' if rows == 1 else 'numbers'} about {size_text(far)}; {size_text(least)} to {size_text(most)} is normal"
    return finding_of(
        subject, day, Check.RANGE, Severity.ERROR, says, received=size_of(far), expected=size_of(most), rows=rows
    )


def size_of(name: float) -> float:
    """Return the number in the middle of a bin: four bins a doubling, negative names below zero, 0 for zero.

    >>> size_of(bin_of(100.0))
    108.0
    """
    if name == 0:
        return 0.0
    size = 2.0 ** ((abs(name) - 200) / 4)
    return float(f"{size if name > 0 else -size:.3g}")


def size_text(name: float) -> str:
    """Return the number in the middle of a bin for people.

    >>> size_text(-bin_of(150_000.0)), size_text(bin_of(0.0625))
    ('-156,000', '0.0625')
    """
    return f"{size_of(name):,.15g}"


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"


def bin_of(number: float) -> int:
    """Return the bin of a number, as the measuring statement computes it; below 2⁻⁴⁹ it counts as zero."""
    import math

    if abs(number) < 2.0**-49:
        return 0
    place = 200 + round(4 * math.log2(abs(number)))
    return place if number > 0 else -place


def bin_text(measure: str, name: str) -> str:
    """Return a value or bin of a spread for people.

    >>> bin_text("numbers", "220"), bin_text("delays", "44"), bin_text("lengths", "7"), bin_text("values", "")
    ('about 32', 'about 1.2 h', 'about 10 letters', 'empty')
    """
    if measure == "numbers":
        return f"about {size_text(float(name))}"
    if measure == "lengths":
        return f"about {2 ** (float(name) / 2) - 1:.0f} letters"
    if measure == "delays":
        seconds = (2 ** (float(name) / 2) - 1) / 1_000
        unit, word = next((one for one in ((86_400, "d"), (3_600, "h"), (60, "min")) if seconds >= one[0]), (1, "s"))
        return f"about {seconds / unit:.2g} {word}"
    return name or "empty"


def _largest(counts: object) -> list[tuple[str, float]]:
    assert isinstance(counts, dict)
    return sorted(counts.items(), key=lambda one: -one[1])[:SHOWN]


def _difference(measure: str, today: Spread, normal: Spread) -> str:
    """Return the largest changes of shares in words."""
    names = today.counts.keys() | normal.counts.keys()
    whole, usual = today.whole or 1.0, normal.whole or 1.0
    changes = {name: today.counts.get(name, 0) / whole - normal.counts.get(name, 0) / usual for name in names}
    chosen = sorted(changes, key=lambda name: -abs(changes[name]))[:2]
    return ", ".join(
        f"{bin_text(measure, name)}: {_percent(normal.counts.get(name, 0) / usual)} → {_percent(today.counts.get(name, 0) / whole)}"
        for name in chosen
    )
