"""Whether steps happened one after another, and which events are the witness."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from msgspec import Struct

from coterie.aggregates.fact import text_of_present
from coterie.segments import core
from coterie.segments.oracle.facts import Facts, Record
from coterie.segments.oracle.windows import EARLIEST

Chain = tuple[Record, ...]


class Witness(Struct, frozen=True):
    """The longest chain of steps found, the latest among equals; and the absent event that spoils it, if one does."""

    steps: Chain = ()
    holds: bool = False
    spoiled_by: Record | None = None


def witness(sequence: core.Sequence, facts: Facts, now: int) -> Witness:
    """Return whether ``sequence`` holds at ``now``, with the events that show it.

    A chain of k steps that ends at one event is as good as any other that ends there, and for the next step the latest
    earlier end is the best one: it is the most likely to lie within the gap. So one chain per end is enough.
    """
    steps = [_by_value(sequence, facts, step.selector, now) for step in sequence.steps]
    spoilers = _by_value(sequence, facts, sequence.absent.selector, now) if sequence.absent is not None else {}
    best = Witness()
    for value in sorted(steps[0]):
        found = _witness_of(sequence, [step.get(value, []) for step in steps], spoilers.get(value, []), now)
        best = max(best, found, key=lambda one: (one.holds, len(one.steps), [step.at for step in one.steps[-1:]]))
    return best


def turns(sequence: core.Sequence, facts: Facts) -> Iterator[int]:
    """Yield every instant at which ``sequence`` may change while nothing arrives (and others)."""
    if sequence.window_us is not None:
        for at in facts.selected(sequence.steps[0].selector).times:
            yield at + sequence.window_us
    if sequence.absent is not None:
        for at in facts.selected(sequence.steps[-1].selector).times:
            yield at + sequence.absent.for_us


def _by_value(sequence: core.Sequence, facts: Facts, selector: core.Selector, now: int) -> dict[str, list[Record]]:
    """Return the selected records by the text of the shared property; all under one empty text when nothing is shared."""
    found: dict[str, list[Record]] = {}
    for record in facts.selected(selector).records:
        text = text_of_present(record.event.properties.get(sequence.same)) if sequence.same else ""
        if text is not None and record.at <= now:
            found.setdefault(text, []).append(record)
    return found


def _witness_of(
    sequence: core.Sequence, steps: Sequence[list[Record]], spoilers: Sequence[Record], now: int
) -> Witness:
    """Return the best chain through ``steps``, the records that match each of them, all of one shared value."""
    start = EARLIEST if sequence.window_us is None else now - sequence.window_us
    longest: list[Chain] = []
    chains: list[Chain] = [(record,) for record in steps[0] if record.at > start]
    for number, step in enumerate(sequence.steps):
        if number:
            chains = _continued(chains, steps[number], step.within_us)
        if not chains:
            return Witness(longest[-1] if longest else ())
        longest = chains
    if sequence.absent is None:
        return Witness(chains[-1], True)
    return _unspoiled(chains, spoilers, now - sequence.absent.for_us)


def _continued(chains: Sequence[Chain], records: Sequence[Record], within_us: int | None) -> list[Chain]:
    """Return, for every record that can be the next step, the chain that ends with it; in order of their ends."""
    ends = [chain[-1].at for chain in chains]
    continued: list[Chain] = []
    for record in records:
        before = bisect_left(ends, record.at) - 1
        if before >= 0 and (within_us is None or record.at <= ends[before] + within_us):
            continued.append((*chains[before], record))
    return continued


def _unspoiled(chains: Sequence[Chain], spoilers: Sequence[Record], latest_end: int) -> Witness:
    """Return the latest chain that ended by ``latest_end`` with no spoiler after its end."""
    last = spoilers[-1].at if spoilers else EARLIEST
    for chain in reversed(chains):
        if last <= chain[-1].at <= latest_end:
            return Witness(chain, True)
    after = next((record for record in spoilers if record.at > chains[-1][-1].at), None)
    return Witness(chains[-1], False, after)
