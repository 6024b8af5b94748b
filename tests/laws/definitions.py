"""Random definitions over every core node, with thresholds and windows beside what the log holds."""

from __future__ import annotations

import hashlib
from random import Random
from typing import Any, get_args

from coterie.limits import DAY_US
from coterie.model import IDENTIFY, MERGE, SET
from coterie.segments import core
from coterie.segments.catalog import Catalog
from coterie.segments.instants import instant_of
from coterie.segments.oracle import Facts, Oracle, evaluate
from coterie.segments.oracle.terms import value_of
from coterie.values import number_of
from tests.laws import words
from tests.laws.logs import Log

OPS = ("=", "<", "<=", ">", ">=")


def moments_of(rng: Random, log: Log) -> list[tuple[Facts, int]]:
    """Return what is known of some profile at some instant of the log, a few times."""
    oracle = Oracle(Catalog({}), log.events)
    found = []
    for event in rng.choices(log.events, k=14):
        at = max(event.received_at, event.occurred_at + rng.choice((0, 0, 1, 2, 3)) * log.grid)
        facts = oracle.facts(oracle.canonical(event.profile, at), at)
        if facts is not None:
            found.append((facts, at))
    return found


class Author:
    """Writes nodes about one log. Every choice comes from ``rng``."""

    def __init__(self, rng: Random, log: Log) -> None:
        self.rng, self.grid, self.home = rng, log.grid, log.zone
        self.instants = sorted(
            {event.occurred_at for event in log.events} | {event.received_at for event in log.events}
        )
        self.names = sorted({event.name for event in log.events if not event.name.startswith("$")}) or list(words.NAMES)
        self.durations = [k * log.grid for k in (1, 1, 2, 2, 3, 4, 5, 7, 10)] + [DAY_US, 7 * DAY_US]
        self.seen: dict[str, list[Any]] = {key: [] for key in (*words.KEYS, *words.TRAITS)}
        for event in log.events:
            for key, value in event.properties.items():
                self.seen.setdefault(key, []).append(value)
        self.keys = [key for key in words.KEYS if self.seen[key]] * 9 + list(words.KEYS)
        self.traits = [key for key in words.TRAITS if self.seen[key]] * 9 + list(words.TRAITS)
        self.dated = "joined" if self.seen["joined"] else rng.choice(self.traits)
        self.moments = moments_of(rng, log)
        self.pool: list[core.Leaf] = []

    # ── values and tests ──────────────────────────────────────────────────────────────────────────────────

    def value_of(self, key: str) -> Any:
        """Return a value that the log holds under ``key``, or could."""
        held = self.seen.get(key)
        if held and self.rng.random() < 0.8:
            return self.rng.choice(held)
        return words.value_for(self.rng, key, self.rng.choice(self.instants), self.grid)

    def scalar_of(self, key: str) -> core.Scalar:
        value = self.value_of(key)
        while isinstance(value, list) and value:
            value = self.rng.choice(value)
        if isinstance(value, dict):
            value = self.rng.choice([item for item in value.values() if not isinstance(item, dict)] or [1])
        if isinstance(value, bool | int | float | str):
            return value
        return self.rng.choice((1, True, "a", "1", 2.5, "", False, 0))

    def number_near(self, key: str) -> float:
        value = self.scalar_of(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            value = self.rng.choice(words.NUMBERS)
        return float(value) + self.rng.choice((0, 0, 0, 0, 1, -1, 0.5, 1e-6))

    def test(self, key: str, depth: int = 0) -> core.Test:
        kinds: list[Any] = [core.Exists, core.Equals, core.OneOf, core.Order, core.Text, core.Matches, core.Moment]
        kinds += [core.Includes, core.Near, core.Version] + ([core.Element] if depth == 0 else [])
        natural = {
            "tags": core.Includes, "likes": core.Includes, "lines": core.Element, "cars": core.Element, "place": core.Near,
            "home": core.Near, "build": core.Version, "app": core.Version, "due": core.Moment, "joined": core.Moment,
            "price": core.Order, "age": core.Order, "n": core.Order, "plan": core.Text, "a.b": core.Matches,
        }.get(key)  # fmt: skip
        kind = natural if natural in kinds and self.rng.random() < 0.5 else self.rng.choice(kinds)
        return self.test_of(kind, key)

    def test_of(self, kind: Any, key: str) -> core.Test:
        rng = self.rng
        if kind is core.Exists:
            return core.Exists()
        if kind is core.Equals:
            return core.Equals(self.scalar_of(key))
        if kind is core.OneOf:
            return core.OneOf(tuple(self.scalar_of(key) for _ in range(rng.randrange(1, 4))))
        if kind is core.Order:
            return core.Order(rng.choice(("<", "<=", ">", ">=")), self.number_near(key))
        if kind is core.Text:
            return core.Text(rng.choice(("contains", "starts_with", "ends_with")), self.piece_of(key))
        if kind is core.Matches:
            return core.Matches(rng.choice(words.PATTERNS_RE2))
        if kind is core.Includes:
            return core.Includes(
                rng.choice(("any", "all")), tuple(self.scalar_of(key) for _ in range(rng.randrange(1, 4)))
            )
        if kind is core.Element:
            return core.Element(tuple(self.field(rng.choice(("n", "s")), 1) for _ in range(rng.randrange(1, 3))))
        if kind is core.Near:
            return self.near()
        if kind is core.Version:
            text = self.scalar_of(key)
            valid = [v for v in words.VERSIONS if v not in ("1.2", "v1.2.3", "01.2.3", "1.2.3-01")]
            return core.Version(rng.choice(OPS), str(text) if text in valid else rng.choice(valid))  # type: ignore[arg-type]
        return self.moment(key)

    def piece_of(self, key: str) -> str:
        text = str(self.scalar_of(key))
        if self.rng.random() < 0.3 or not text:
            return self.rng.choice(("", "%", "_", "a", "1", "'", "tru", "-", ".", "É", "\\"))
        start = self.rng.randrange(len(text))
        return self.rng.choice((text, text[: start + 1], text[start:], text[start : start + 2]))

    def zone(self) -> str:
        return self.home if self.rng.random() < 0.5 else self.rng.choice(words.ZONES)

    def near(self) -> core.Near:
        rng = self.rng
        point = rng.choice([p for p in words.POINTS if all(isinstance(x, int | float) for x in p.values())])
        lat, lon = float(point["lat"]), float(point["lon"])
        if rng.random() < 0.4:
            lat, lon = max(-90.0, min(90.0, lat + rng.uniform(-0.1, 0.1))), lon + rng.uniform(-0.05, 0.05)
        return core.Near(
            lat, lon, rng.choice((1.0, 2250.0, 2300.0, 12_000.0, 22_238.0, 22_241.0, 6_000_000.0, 10_007_600.0, 2.1e7))
        )

    def moment(self, key: str) -> core.Moment:
        zone = self.zone()
        named = instant_of(self.value_of(key), zone)
        at = named if named is not None and self.rng.random() < 0.7 else self.rng.choice(self.instants)
        return core.Moment(self.rng.choice(("<", ">=")), at + self.rng.choice((0, 0, 1, -1, self.grid)), zone)

    def field(self, key: str, depth: int = 0) -> core.Field:
        return core.Field(key, self.test(key, depth), self.rng.random() < 0.25)

    # ── events, windows, terms ────────────────────────────────────────────────────────────────────────────

    def selector(self, filtered: float = 0.35) -> core.Selector:
        rng = self.rng
        roll = rng.random()
        names: tuple[str, ...] = ()
        pattern = ""
        if roll < 0.62:
            names = tuple(rng.sample(self.names, min(len(self.names), rng.choice((1, 1, 1, 2)))))
        elif roll < 0.74:
            pattern = rng.choice(words.PATTERNS)
        elif roll < 0.8:
            names = (rng.choice((IDENTIFY, SET, MERGE)),)
        where = ()
        if rng.random() < filtered:
            where = tuple(self.field(rng.choice(self.keys)) for _ in range(rng.choice((1, 1, 2))))
        return core.Selector(names, pattern, where)

    def duration(self) -> int:
        shift = self.rng.choice((0, 0, 0, 0, 0, 1, -1))
        return max(1, self.rng.choice(self.durations) + shift)

    def window(self) -> core.Window:
        rng = self.rng
        roll = rng.random()
        if roll < 0.25:
            return core.EVER
        if roll < 0.5:
            return core.Rolling(self.duration())
        if roll < 0.62:
            older, newer = self.duration(), self.duration()
            return core.Rolling(max(older, newer), min(older, newer))
        if roll < 0.67:
            return core.Rolling(None, self.duration())
        if roll < 0.78:
            ends = sorted(rng.choice(self.instants) + rng.choice((0, 0, 1, -1)) for _ in range(2))
            return core.Absolute(*rng.choice(((ends[0], ends[1]), (ends[0], None), (None, ends[1]))))
        unit = rng.choice(("day", "day", "week", "month", "year"))
        return core.Calendar(unit, self.zone(), rng.choice((1, 1, 2, 3)), rng.choice((0, 0, 1, 2)))

    def aggregate(self, kinds: frozenset[str]) -> core.Aggregate:
        rng = self.rng
        kind = rng.choice(sorted(kinds - core.SESSION_KINDS))
        if "count" in kinds and rng.random() < 0.25:
            kind = "count"
        field = ""
        if kind not in ("count", "days", "first_at", "latest_at"):
            field = "price" if rng.random() < 0.45 else rng.choice(self.keys)
            if kind in ("distinct", "repeats", "most_frequent") and rng.random() < 0.6:
                field = "sku"
        zone = self.zone() if kind == "days" else "UTC"
        selector, window = self.selector(), self.window()
        kind, gap_us = self.sessions_instead(kind, repr((selector, window)))
        return core.Aggregate(kind, selector, field, window, zone, gap_us)  # type: ignore[arg-type]

    def sessions_instead(self, kind: str, about: str) -> tuple[str, int]:
        """Return a kind of sessions for most ``days``, and a gap. Drawn apart from ``rng``: other choices stay what they are."""
        rng = Random(about)
        if kind != "days" or rng.random() < 0.3:
            return kind, core.SESSION_GAP_US
        gap_us = rng.choice(self.durations[:8]) + rng.choice((0, 0, 0, 1, -1))
        return rng.choice(("sessions", "active_seconds")), gap_us

    def actual(self, term: core.NumberTerm) -> float | None:
        """Return the number that the term has for somebody at some moment of the log."""
        facts, at = self.rng.choice(self.moments)
        return number_of(value_of(term, facts, at))

    def threshold(self, term: core.Aggregate) -> float:
        """Return a number that the aggregate takes, or may well take."""
        known = self.actual(term) if self.rng.random() < 0.7 else None
        if known is not None:
            return known + self.rng.choice((0, 0, 0, 0, 1, -1, 0.5))
        if term.kind in ("sum", "mean", "smallest", "largest"):
            few = [self.number_near(term.field) for _ in range(self.rng.randrange(1, 4))]
            exact = sum(round(x * 1_000_000) for x in few) / 1_000_000
            return exact / len(few) if term.kind == "mean" else exact if term.kind == "sum" else few[0]
        return float(self.rng.choice((0, 1, 1, 2, 2, 3, 4, 0.5, 1.5, -1)))

    def compare(self) -> core.Compare:
        rng = self.rng
        op: Any = rng.choice(OPS)
        roll = rng.random()
        if roll < 0.6:
            term = self.aggregate(core.NUMERIC_KINDS)
            value: Any = core.Trait(rng.choice(("age", "age", "plan"))) if rng.random() < 0.1 else self.threshold(term)
            return core.Compare(term, op, value)
        if roll < 0.82:
            op = rng.choice(("<", "<=", ">", ">=")) if rng.random() < 0.9 else "="
            elapsed = self.elapsed()
            known = self.actual(elapsed) if rng.random() < 0.4 else None
            near = (
                rng.choice((-2, -1, 0, 1, 1)) * self.duration() if known is None else known + rng.choice((0, 0, 1, -1))
            )
            return core.Compare(elapsed, op, float(near))
        if roll < 0.94:
            return self.until(op)
        salt = rng.choice(("x7f3", "", "a:b"))
        digest = hashlib.md5(f"{salt}:{rng.choice(words.PROFILES)}".encode()).digest()
        return core.Compare(core.Hash(salt), op, float(int.from_bytes(digest[:4], "big") + rng.choice((0, 0, 1, -1))))

    def elapsed(self) -> core.Elapsed:
        rng = self.rng
        roll = rng.random()
        if roll < 0.35:
            return core.Elapsed(core.Trait(self.dated), self.zone())
        if roll < 0.65:
            return core.Elapsed(core.TraitSince(rng.choice(self.traits)))
        return core.Elapsed(self.aggregate(core.INSTANT_KINDS))

    def until(self, op: Any) -> core.Compare:
        unit: Any = self.rng.choice(("day", "week", "month", "year", "anniversary"))
        until = core.Until(core.Trait(self.dated), unit, self.zone())
        near = (0, 1, 2, 7, 30, 364, 365) if unit == "anniversary" else (0, 0, 1, -1, 2, -3)
        known = self.actual(until) if self.rng.random() < 0.5 else None
        return core.Compare(until, op, float(self.rng.choice(near)) if known is None else known)

    # ── nodes ─────────────────────────────────────────────────────────────────────────────────────────────

    def holds(self) -> core.Holds:
        if self.rng.random() < 0.6:
            key = self.rng.choice(self.traits)
            return core.Holds(core.Trait(key), self.test(key))
        term = self.aggregate(core.VALUE_KINDS)
        return core.Holds(term, self.test(term.field))

    def sequence(self) -> core.Sequence:
        rng = self.rng
        steps = tuple(
            core.Step(self.selector(0.2), self.duration() if number and rng.random() < 0.5 else None)
            for number in range(rng.choice((1, 2, 2, 3, 4)))
        )
        absent = core.Absent(self.selector(0.2), self.duration()) if rng.random() < 0.45 else None
        window = self.duration() if rng.random() < 0.5 else None
        return core.Sequence(steps, window, rng.choice(("", "", "sku", "price")), absent)

    def leaf(self, keys: list[str]) -> core.Leaf:
        rng = self.rng
        roll = rng.random()
        if self.pool and roll < 0.12:
            return rng.choice(self.pool)
        if keys and roll < 0.24:
            return core.InSegment(rng.choice(keys))
        for _ in range(6):
            leaf = self.compare() if roll < 0.62 else self.holds() if roll < 0.82 else self.sequence()
            if self.is_lively(leaf):
                break
        self.pool.append(leaf)
        return leaf

    def is_lively(self, leaf: core.Leaf) -> bool:
        """Return whether the leaf is true of somebody and false of somebody, at one of a few moments of the log."""
        truth = {evaluate(leaf, facts, at) for facts, at in self.moments}
        return len(truth) > 1

    def node(self, keys: list[str], depth: int = 3) -> core.Node:
        rng = self.rng
        roll = rng.random()
        if depth == 0 or roll < 0.55:
            return self.leaf(keys)
        if roll < 0.67:
            return core.Not(self.node(keys, depth - 1))
        items = tuple(self.node(keys, depth - 1) for _ in range(rng.choice((0, 1, 2, 2, 2, 3))))
        if roll < 0.8:
            return core.All(items)
        if roll < 0.92:
            return core.Any(items)
        return core.AtLeast(rng.randrange(0, len(items) + 2), items)


def random_nodes(rng: Random, log: Log, count: int) -> dict[str, core.Node]:
    """Return ``count`` definitions about ``log``; later ones may refer to earlier ones."""
    author = Author(rng, log)
    nodes: dict[str, core.Node] = {}
    names = [f"s{number}" for number in range(count)]
    rng.shuffle(names)  # so that order of keys is not order of evaluation
    for name in names:
        nodes[name] = author.node(list(nodes), rng.choice((1, 2, 2, 3)))
    return nodes


assert set(get_args(core.Kind)) == core.NUMERIC_KINDS | core.VALUE_KINDS | core.INSTANT_KINDS
