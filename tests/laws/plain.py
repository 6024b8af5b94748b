"""What written conditions mean, told a second time straight from the words: a check of ``lower()`` that shares nothing with it.

Only the conditions, windows and filters that can be told in a line or two are told; of the rest, ``None``.
"""

from __future__ import annotations

import hashlib
import operator
from collections import Counter
from collections.abc import Callable
from fnmatch import fnmatchcase
from itertools import product
from typing import Any

from coterie.model import Event
from coterie.segments.instants import instant_of
from coterie.values import canonical

Data = dict[str, Any]
UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


class Untold(Exception):
    """This is not told here."""


def us(text: str) -> int:
    return int(text[:-1]) * UNITS[text[-1]] * 1_000_000


def picked(data: Data, events: list[Event]) -> list[Event]:
    """Return the events that ``event:`` or ``like:`` picks."""
    if "where" in data or "[" in data.get("like", ""):
        raise Untold
    ours = [event for event in events if not event.name.startswith("$")]
    if "like" in data:
        return [event for event in ours if fnmatchcase(event.name, data["like"])]
    names = [data["event"]] if isinstance(data["event"], str) else data["event"]
    return ours if names == ["any"] else [event for event in ours if event.name in names]


def ages(data: Data, events: list[Event], now: int) -> list[int]:
    return [now - event.occurred_at for event in picked(data, events)]


def windowed(data: Data, events: list[Event], now: int) -> list[Event]:
    """Return the picked events in the written window."""
    if "during" in data:
        raise Untold
    found = picked(data, events)
    if "within" in data:
        found = [event for event in found if now - event.occurred_at < us(data["within"])]
    if "between_ago" in data:
        older, newer = map(us, data["between_ago"])
        found = [event for event in found if newer <= now - event.occurred_at < older]
    if "after" in data:
        found = [event for event in found if event.occurred_at >= (instant_of(data["after"]) or 0)]
    if "before" in data:
        found = [event for event in found if event.occurred_at < (instant_of(data["before"]) or 0)]
    return found


def did(data: Data, events: list[Event], now: int) -> bool:
    found = windowed(data, events, now)
    times = len(found)
    if "same" in data:
        values = [event.properties.get(data["same"]) for event in found]
        times = max(Counter(canonical(value) for value in values if value not in (None, "")).values(), default=0)
    if "exactly" in data:
        return times == data["exactly"]
    if "at_most" in data:
        return data.get("at_least", 0) <= times <= data["at_most"]
    return times >= data.get("at_least", 1)


def did_not(data: Data, events: list[Event], now: int) -> bool:
    return not windowed(data, events, now)


def first_time(data: Data, events: list[Event], now: int) -> bool:
    return bool(found := ages(data, events, now)) and max(found) < us(data["within"])


def last_time(data: Data, events: list[Event], now: int) -> bool:
    if "has" in data:
        raise Untold
    found = ages(data, events, now)
    if "within" in data:
        return bool(found) and min(found) < us(data["within"])
    return bool(found) and min(found) >= us(data.get("more_than_ago", "0s"))


def stopped(data: Data, events: list[Event], now: int) -> bool:
    found, silent = ages(data, events, now), us(data["silent_for"])
    return bool(found) and min(found) >= silent and any(age < us(data["active_within"]) for age in found)


def returned(data: Data, events: list[Event], now: int) -> bool:
    found, lately = ages(data, events, now), us(data["within"])
    silence = lately + us(data["after_silence"])
    return (
        any(a < lately for a in found)
        and any(a >= silence for a in found)
        and not any(lately <= a < silence for a in found)
    )


def inactive(data: Data, events: list[Event], now: int) -> bool:
    data = data if "event" in data or "like" in data else {**data, "event": "any"}
    return all(age >= us(data["for"]) for age in ages(data, events, now))


def regularly(data: Data, events: list[Event], now: int) -> bool:
    periods = Counter(age // us(data["every"]) for age in ages(data, events, now))
    return sum(periods[back] >= data.get("at_least", 1) for back in range(data["of_last"])) >= data["in"]


def then(data: Data, events: list[Event], now: int) -> bool:
    return bool(chains(data, data["steps"], events, now))


def then_not(data: Data, events: list[Event], now: int) -> bool:
    steps = data.get("steps") or [data["first"]]
    spoilers = picked(data["absent"], events)
    return any(
        now - chain[-1].occurred_at >= us(data["for"])
        and not any(s.occurred_at > chain[-1].occurred_at and is_tied(data, chain[0], s) for s in spoilers)
        for chain in chains(data, steps, events, now)
    )


def is_tied(data: Data, one: Event, other: Event) -> bool:
    if "same" not in data:
        return True
    values = [event.properties.get(data["same"]) for event in (one, other)]
    return values[0] not in (None, "") and canonical(values[0]) == canonical(values[1])


def chains(data: Data, steps: list[Data], events: list[Event], now: int) -> list[tuple[Event, ...]]:
    """Return every way in which the steps happened one after another: all combinations, filtered."""
    recent = [e for e in events if "in_last" not in data or now - e.occurred_at < us(data["in_last"])]
    choices = [picked(step, recent) for step in steps]
    if sum(map(len, choices)) > 40 or len(steps) > 3:
        raise Untold
    return [chain for chain in product(*choices) if follows(data, steps, chain)]


def follows(data: Data, steps: list[Data], chain: tuple[Event, ...]) -> bool:
    gaps = zip(chain, chain[1:], steps[1:], strict=False)
    in_order = all(
        0 < two.occurred_at - one.occurred_at <= (us(step["within"]) if "within" in step else 1 << 62)
        for one, two, step in gaps
    )
    return in_order and all(is_tied(data, chain[0], event) for event in chain)


def bucket(data: Data, profile: str) -> bool:
    digest = hashlib.md5(f"{data['salt']}:{profile}".encode()).hexdigest()
    return int(digest[:8], 16) / 2**32 < data["percent"] / 100


def consented(data: Data, traits: Data) -> bool:
    told = traits.get(f"consent.{data['purpose']}")
    return told is True or (data["default"] == "in" and told is not False)


BOUNDS: dict[str, Callable[[float, float], bool]] = {
    "at_least": operator.ge, "greater_than": operator.gt, "at_most": operator.le, "less_than": operator.lt,
}  # fmt: skip


def cluster(data: Data, traits: Data) -> bool:
    held, far = traits.get(f"cluster.{data['model']}"), traits.get(f"cluster_distance.{data['model']}")
    bounds = data.get("distance", {})
    if bounds and (isinstance(far, bool) or not isinstance(far, int | float)):
        return False
    return (
        ("is" not in data or held == data["is"])
        and ("in" not in data or held in data["in"])
        and ("not" not in data or held != data["not"])
        and all(BOUNDS[name](far, bound) for name, bound in bounds.items())
    )


MEANINGS: dict[str, Callable[[Data, list[Event], int], bool]] = {
    meaning.__name__: meaning
    for meaning in (did, did_not, first_time, last_time, stopped, returned, inactive, regularly, then, then_not)
}


def means(word: str, data: Any, profile: str, events: list[Event], traits: Data, now: int) -> bool | None:
    """Return whether the profile with these events and traits is meant; ``None`` if that is not told here."""
    try:
        if word in MEANINGS:
            return MEANINGS[word](data, events, now)
    except Untold:
        return None
    if word == "bucket":
        return bucket(data, profile)
    if word == "consented":
        return consented(data, traits)
    if word == "cluster":
        return cluster(data, traits)
    if word == "in_list":
        return traits.get(f"list.{data}") is True
    return True if word == "everyone" else None
