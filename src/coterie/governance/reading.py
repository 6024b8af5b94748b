"""What a definition reads: events, properties of events, traits, other segments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct

from coterie.segments import core
from coterie.segments.conditions.thresholds import Measure
from coterie.segments.measures import Measurable
from coterie.segments.moments import is_timed
from coterie.triggers.definition import Trigger
from coterie.triggers.gathering import selectors_of


class Asked(Struct, frozen=True):
    """Events by name or pattern (neither: any event), and the properties of them that are looked at."""

    names: tuple[str, ...] = ()
    pattern: str = ""
    properties: tuple[str, ...] = ()

    def among(self, known: Iterable[str]) -> tuple[str, ...]:
        """Return the events that are meant: those named, or those of ``known`` that fit the pattern."""
        if self.names:
            return self.names
        return tuple(name for name in known if not name.startswith("$") and fnmatchcase(name, self.pattern or "*"))


class Read(Struct, frozen=True):
    """Everything that one definition reads."""

    events: tuple[Asked, ...] = ()
    traits: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()


def of_segment(node: core.Node, measures: Sequence[Measure] = ()) -> Read:
    """Return what a lowered segment reads, and what its thresholds are measured on."""
    events: list[Asked] = []
    traits: list[str] = []
    for leaf in core.leaves(node):
        _leaf(leaf, events, traits)
    for measure in measures:
        _term(measure.term, events, traits)
        events.append(_asked(measure.selector))
    segments = tuple(sorted(core.references(node)))
    return Read(tuple(dict.fromkeys(events)), tuple(dict.fromkeys(traits)), segments)


def of_terms(
    terms: Sequence[Measurable | core.ValueTerm], more: Sequence[tuple[core.Selector, tuple[str, ...]]]
) -> Read:
    """Return what measuring terms reads, and what questions about properties of events (``more``) do."""
    asked = of_events(more)
    events, traits, segments = [*asked.events], [*asked.traits], set[str]()
    for term in terms:
        if isinstance(term, core.NumberTerm | core.ValueTerm):
            _term(term, events, traits)
        else:
            _leaf(term, events, traits)
            segments |= core.references(term)
    return Read(tuple(dict.fromkeys(events)), tuple(dict.fromkeys(traits)), tuple(sorted(segments)))


def of_events(asked: Sequence[tuple[core.Selector, tuple[str, ...]]]) -> Read:
    """Return what looking at events and properties of them reads."""
    return Read(tuple(dict.fromkeys(_asked(selector, *keys) for selector, keys in asked)))


def of_trigger(trigger: Trigger, named: Iterable[tuple[str, ...]] = ()) -> Read:
    """Return what a trigger reads. ``named`` are what its templates name, as paths."""
    events: list[Asked] = []
    traits: list[str] = []
    told = sorted(named)
    of_event = [".".join(one[2:]) for one in told if one[:2] == ("event", "properties") and len(one) > 2]
    if not trigger.when.segment:
        key = (trigger.key_by,) if trigger.key_by is not None else ()
        events.append(_asked(trigger.when.picker.selector("UTC"), *key, *of_event))
    gathers = (trigger.gather or {}).values()
    same = [one.same for one in gathers if one.same is not None]
    events += [_asked(one, *same) for one in selectors_of(gathers)]
    traits += [".".join(one[1:]) for one in told if one[0] == "traits" and len(one) > 1]
    traits += [".".join(one[2:]) for one in told if one[:2] == ("profile", "traits") and len(one) > 2]
    traits += [f"consent.{trigger.consented.purpose}"] if trigger.consented is not None else []
    traits += ["time_zone"] if trigger.quiet_hours is not None else []
    return Read(tuple(dict.fromkeys(events)), tuple(dict.fromkeys(traits)), trigger.segments)


def _leaf(leaf: core.Leaf, events: list[Asked], traits: list[str]) -> None:
    if isinstance(leaf, core.Sequence):
        same = (leaf.same,) if leaf.same else ()
        events += [_asked(step.selector, *same) for step in leaf.steps]
        events += [_asked(leaf.absent.selector, *same)] if leaf.absent is not None else []
    elif isinstance(leaf, core.Compare | core.Holds):
        _term(leaf.term, events, traits)
        if isinstance(leaf, core.Compare) and isinstance(leaf.value, core.Trait):
            traits.append(leaf.value.name)


def _term(term: core.NumberTerm | core.ValueTerm | core.TraitSince, events: list[Asked], traits: list[str]) -> None:
    if isinstance(term, core.Elapsed | core.Until):
        _term(term.of, events, traits)
    elif isinstance(term, core.Trait | core.TraitSince):
        traits.append(term.name)
    elif isinstance(term, core.Aggregate):
        events.append(_asked(term.selector, *((term.field,) if term.field else ())))


def _asked(selector: core.Selector, *more: str) -> Asked:
    keys = [key for key in dict.fromkeys((*(field.key for field in selector.where), *more)) if not is_timed(key)]
    return Asked(selector.names, selector.pattern, tuple(keys))
