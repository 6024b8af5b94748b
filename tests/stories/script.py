"""Stories: scripts of events, edits and the passing of time, with what must come out. Written as YAML, one file each.

title: A cart left for a day            # what the story shows
scenario: S4                            # optional: its number in the acceptance list
start: 2026-03-02T12:00:00Z             # optional: the instant that offsets count from (this one, when not said)
segments:                               # key: condition, or key: whole definition (with ``when``)
  abandoned: {then_not: {...}}
steps:                                  # in order of time
  - at: 24h                             # "1d 2h 30m", "-6s", "100ms", or an RFC 3339 instant
    restart: true                       # live: snapshot and restore, before anything else of the step
    again: true                         # every record so far arrives once more
    events:
      - {who: u1, did: add_to_cart, with: {cart_id: A}}      # an event
      - {who: u1, is: {plan: pro}}                           # $identify
      - {who: u1, set: {consent: {marketing: false}}}        # $set
      - {who: u1, absorbs: u2}                               # $merge
      - {who: u1, releases: u2}                              # $unmerge
      # and, on each: occurred: -6s  arrived: 25h  id: name  times: 100 (``$n`` in a property is 0, 1, 2 …)
    list: {vip: [u1, u2]}               # publishes a list: who is on it now
    by_hand: {fans: {u3: out, u5: in}}  # in, out, or rule (as the rule says again)
    thresholds: {big: {total: [500]}}   # publishes new threshold versions
    define: {...}                       # adds or edits segments, after the events of the step
    remove: [abandoned]                 # deletes segments
    quarantined: 1                      # how many events of the step lie too far in their future
    expect: {abandoned: [u1]}           # exactly these members, as known then
    known_later: {abandoned: []}        # exactly these members at this instant, as known at the end
    gone: [abandoned]                   # no such segment any more
    changes:                            # all membership changes since the last step that lists changes
      - 24h u1 entered abandoned by timer
refuses:                                # definitions that cannot be saved
  - {because: ..., segments: {...}, says: [words of the error]}
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from msgspec import Struct

from coterie.limits import DEFAULT
from coterie.model import IDENTIFY, MERGE, SET, UNMERGE, Event
from coterie.segments.instants import instant_of, rfc3339
from coterie.values import flatten

FOLDER = Path(__file__).parent
START = "2026-03-02T12:00:00Z"
UNITS = {
    "us": 1, "ms": 1_000, "s": 10**6, "m": 60 * 10**6, "h": 3_600 * 10**6, "d": 86_400 * 10**6, "w": 604_800 * 10**6,
}  # fmt: skip
_PART = re.compile(r"(\d+)(us|ms|s|m|h|d|w)")
_CHANGE = re.compile(r"(?P<at>.+) (?P<who>\S+) (?P<direction>entered|exited) (?P<segment>\S+) by (?P<cause>\w+)")
STEP_WORDS = {
    "at", "restart", "again", "events", "list", "by_hand", "thresholds", "define", "remove", "quarantined", "expect",
    "known_later", "gone", "changes", "crash", "saved",
}  # fmt: skip
EVENT_WORDS = {"who", "did", "with", "is", "set", "absorbs", "releases", "occurred", "arrived", "id", "times"}


class _Loader(yaml.SafeLoader):
    """Reads dates as text: what they mean is the story's business."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class Expected(Struct, frozen=True, order=True):
    """A membership change that must happen, comparable with one that did."""

    at: int
    who: str
    segment: str
    direction: str
    cause: str


class Step(Struct, frozen=True, kw_only=True):
    """One step, its instants in microseconds. ``at`` is the instant of its last record: the one its expectations hold at."""

    begins_at: int
    at: int
    restart: bool = False
    crash: bool = False
    saved: bool = False
    arrivals: tuple[Event, ...] = ()
    told: tuple[Event, ...] = ()
    """Everything that was sent, also what lies too far in its future, as it was sent."""
    quarantined: int = 0
    quarantined_expected: int = 0
    define: dict[str, Any] = {}
    remove: tuple[str, ...] = ()
    thresholds: dict[str, dict[str, list[float]]] = {}
    expect: dict[str, frozenset[str]] = {}
    known_later: dict[str, frozenset[str]] = {}
    gone: tuple[str, ...] = ()
    changes: tuple[Expected, ...] | None = None

    def __repr__(self) -> str:
        return f"<step at {rfc3339(self.at)}>"

    @property
    def edits(self) -> bool:
        return bool(self.define or self.remove or self.thresholds)


class Refusal(Struct, frozen=True):
    because: str
    segments: dict[str, Any]
    says: list[str]


class Story(Struct, frozen=True, kw_only=True):
    name: str
    title: str
    scenario: str
    segments: dict[str, Any]
    steps: tuple[Step, ...]
    refuses: tuple[Refusal, ...]

    def __repr__(self) -> str:
        return f"<story {self.name}>"

    @property
    def log(self) -> tuple[Event, ...]:
        """Every record that arrived, repeats too, in the order of arrival: an index is its position in the log."""
        return tuple(event for step in self.steps for event in step.arrivals)


def stories() -> list[Story]:
    """Return every story of the folder, by name."""
    return [read(file) for file in sorted(FOLDER.glob("*.yaml"))]


def read(file: Path) -> Story:
    """Return the story in ``file``; ValueError for a word it should not have."""
    data = yaml.load(file.read_text(encoding="utf-8"), _Loader)
    _known(data, {"title", "scenario", "why", "start", "segments", "steps", "refuses"}, file.name)
    return Story(
        name=file.stem,
        title=data["title"],
        scenario=data.get("scenario", ""),
        segments=data.get("segments", {}),
        steps=tuple(_Teller(data.get("start", START)).steps(data.get("steps", []))),
        refuses=tuple(Refusal(**one) for one in data.get("refuses", [])),
    )


def _known(data: dict[str, Any], words: set[str], where: str) -> None:
    if unknown := data.keys() - words:
        raise ValueError(f"{where}: unknown words {sorted(unknown)}")


class _Teller:
    """Turns written steps into steps: instants, ids, lists and repeats."""

    def __init__(self, start: str) -> None:
        self.start = _instant(start)
        self.log: list[Event] = []
        self.lists: dict[str, list[str]] = {}
        self.now = -(2**62)

    def steps(self, written: list[dict[str, Any]]) -> Iterator[Step]:
        for data in written:
            _known(data, STEP_WORDS, "step")
            yield self.step(data)

    def step(self, data: dict[str, Any]) -> Step:
        begins_at = self.instant(data["at"])
        if begins_at <= self.now:
            raise ValueError(f"step {data['at']} does not lie after the one before")
        told = [*self.repeats(data, begins_at), *self.events(data, begins_at)]
        kept = [event for event in told if event.occurred_at - event.received_at <= DEFAULT.clock_skew_us]
        arrivals = tuple(_clamped(event) for event in kept)
        self.log += arrivals
        self.now = max([begins_at, *(event.received_at for event in arrivals)])
        listed = data.get("changes")
        return Step(
            begins_at=begins_at,
            at=self.now,
            restart=data.get("restart", False),
            crash=data.get("crash", False),
            saved=data.get("saved", False),
            arrivals=arrivals,
            told=tuple(told),
            quarantined=len(told) - len(kept),
            quarantined_expected=data.get("quarantined", 0),
            define=data.get("define", {}),
            remove=tuple(data.get("remove", ())),
            thresholds=data.get("thresholds", {}),
            expect={key: frozenset(who) for key, who in data.get("expect", {}).items()},
            known_later={key: frozenset(who) for key, who in data.get("known_later", {}).items()},
            gone=tuple(data.get("gone", ())),
            changes=None if listed is None else tuple(self.change(line) for line in listed),
        )

    def instant(self, text: str) -> int:
        """Return the instant of an offset from the start, or of an RFC 3339 text."""
        sign, parts = (-1, text[1:]) if text.startswith("-") else (1, text)
        found = _PART.findall(parts)
        if found and "".join(f"{number}{unit}" for number, unit in found) == parts.replace(" ", ""):
            return self.start + sign * sum(int(number) * UNITS[unit] for number, unit in found)
        return _instant(text)

    def change(self, line: str) -> Expected:
        found = _CHANGE.fullmatch(line)
        if found is None:
            raise ValueError(f"{line!r} does not read like '24h u1 entered abandoned by timer'")
        return Expected(self.instant(found["at"]), found["who"], found["segment"], found["direction"], found["cause"])

    def repeats(self, data: dict[str, Any], at: int) -> Iterator[Event]:
        for event in self.log if data.get("again") else ():
            yield _event(event.id, event.profile, event.name, event.occurred_at, at, event.properties)

    def events(self, data: dict[str, Any], at: int) -> Iterator[Event]:
        written = list(data.get("events", []))
        for key, members in data.get("list", {}).items():
            before = self.lists.get(key, [])
            written += [{"who": who, "set": {"list": {key: True}}} for who in members if who not in before]
            written += [{"who": who, "set": {"list": {key: None}}} for who in before if who not in members]
            self.lists[key] = members
        for key, hands in data.get("by_hand", {}).items():
            said = {"in": "in", "out": "out", "rule": None}
            written += [{"who": who, "set": {"manual": {key: said[hand]}}} for who, hand in hands.items()]
        for number, one in enumerate(written):
            yield from self.told(one, at, f"{len(self.log)}.{number}")

    def told(self, one: dict[str, Any], at: int, number: str) -> Iterator[Event]:
        _known(one, EVENT_WORDS, "event")
        received_at = self.instant(one["arrived"]) if "arrived" in one else at
        occurred_at = self.instant(one["occurred"]) if "occurred" in one else received_at
        if "did" in one:
            name, properties = one["did"], one.get("with", {})
        elif "absorbs" in one:
            name, properties = MERGE, {"loser": one["absorbs"]}
        elif "releases" in one:
            name, properties = UNMERGE, {"loser": one["releases"]}
        else:
            name, properties = (IDENTIFY, one["is"]) if "is" in one else (SET, one["set"])
        for n in range(one.get("times", 1)):
            numbered = {key: n if value == "$n" else value for key, value in properties.items()}
            event_id = one.get("id", f"e{number}" if "times" not in one else f"e{number}.{n}")
            yield _event(event_id, one["who"], name, occurred_at, received_at, flatten(numbered))


def _event(id: str, profile: str, name: str, occurred_at: int, received_at: int, properties: dict[str, Any]) -> Event:
    return Event(
        id=id, profile=profile, name=name, occurred_at=occurred_at, received_at=received_at, properties=properties
    )


def _clamped(event: Event) -> Event:
    at = min(event.occurred_at, event.received_at)
    return _event(event.id, event.profile, event.name, at, event.received_at, event.properties)


def _instant(text: str) -> int:
    at = instant_of(text)
    if at is None:
        raise ValueError(f"{text!r} is neither an offset like '1d 2h' nor an instant")
    return at
