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
    best = Witness()
    for value in _values(sequence, facts):
        found = _witness_of(sequence, facts, now, value)
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


def _values(sequence: core.Sequence, facts: Facts) -> list[str]:
    """Return the texts of the shared property on first steps; one empty text when nothing is shared."""
    if not sequence.same:
        return [""]
    first = facts.selected(sequence.steps[0].selector).records
    return sorted({text for record in first if (text := _shared(sequence, record)) is not None})


def _shared(sequence: core.Sequence, record: Record) -> str | None:
    return text_of_present(record.event.properties.get(sequence.same)) if sequence.same else ""


def _witness_of(sequence: core.Sequence, facts: Facts, now: int, value: str) -> Witness:
    def matching(selector: core.Selector) -> list[Record]:
        records = facts.selected(selector).records
        return [record for record in records if record.at <= now and _shared(sequence, record) == value]

    start = EARLIEST if sequence.window_us is None else now - sequence.window_us
    longest: list[Chain] = []
    chains: list[Chain] = [(record,) for record in matching(sequence.steps[0].selector) if record.at > start]
    for number, step in enumerate(sequence.steps):
        if number:
            chains = _continued(chains, matching(step.selector), step.within_us)
        if not chains:
            return Witness(longest[-1] if longest else ())
        longest = chains
    if sequence.absent is None:
        return Witness(chains[-1], True)
    return _unspoiled(chains, matching(sequence.absent.selector), now - sequence.absent.for_us)


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
