"""Random definitions as people write them: every registered condition, in the words of the YAML language."""

from __future__ import annotations

from random import Random
from typing import Any

from coterie.limits import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from coterie.segments import core
from coterie.segments.instants import rfc3339
from tests.laws import words
from tests.laws.definitions import Author
from tests.laws.logs import Log

Data = dict[str, Any]
UNITS = ((7 * DAY_US, "w"), (DAY_US, "d"), (HOUR_US, "h"), (MINUTE_US, "m"), (SECOND_US, "s"))
DATES = (
    *(
        "today",
        "yesterday",
        "tomorrow",
        "this_week",
        "last_week",
        "next_week",
        "this_month",
        "last_month",
        "next_month",
    ),
    *("this_year", "last_year", "next_year"),
)
NEGATED = {
    "exists": "missing",
    "in": "not_in",
    "equals": "not_equals",
    "contains": "not_contains",
    "includes_any": "includes_none",
}


def span_text(us: int) -> str:
    """Return a duration as it is written, in the largest unit that says it exactly."""
    for unit, letter in UNITS:
        if us and us % unit == 0:
            return f"{us // unit}{letter}"
    return "1s"


class Writer:
    """Writes conditions about one log. Every choice comes from ``rng``."""

    def __init__(self, rng: Random, log: Log) -> None:
        self.rng, self.log, self.author = rng, log, Author(rng, log)
        self.cuts: dict[str, tuple[float, ...]] = {}
        """Published numbers that the conditions of the definition in hand compare with."""

    # ── pieces ────────────────────────────────────────────────────────────────────────────────────────────

    def duration(self, at_least: int = SECOND_US) -> str:
        grid = self.log.grid
        return span_text(max(at_least, self.rng.choice((1, 1, 2, 2, 3, 4, 5, 7, 10)) * grid))

    def us(self) -> int:
        return self.rng.choice((1, 1, 2, 2, 3, 4, 5, 7, 10)) * self.log.grid

    def instant(self) -> str:
        return rfc3339(self.rng.choice(self.author.instants) + self.rng.choice((0, 0, 0, 1, -1)))

    def plain(self, key: str) -> Any:
        value = self.author.scalar_of(key)
        return value if value != "" else "a"

    def operators(self, key: str, depth: int = 0) -> Data:
        """Return one operator, or two that may stand together, with values that the log may hold under ``key``."""
        test = self.author.test(key, depth)
        found = self.operator(test, key)
        if self.rng.random() < 0.2:
            return {
                NEGATED.get(name, name): True if NEGATED.get(name) == "missing" else value
                for name, value in found.items()
            }
        if self.rng.random() < 0.1:
            found |= {"exists": True} if "missing" not in found else {}
        return found

    def operator(self, test: core.Test, key: str) -> Data:
        if isinstance(test, core.Exists):
            return {"exists": True}
        if isinstance(test, core.Equals):
            return {"equals": self.plain(key)}
        if isinstance(test, core.OneOf):
            return {"in": [self.plain(key) for _ in test.values]}
        if isinstance(test, core.Order):
            if self.rng.random() < 0.3:
                return {"between": sorted((test.number, self.author.number_near(key)))}
            return {{"<": "less_than", "<=": "at_most", ">": "greater_than", ">=": "at_least"}[test.op]: test.number}
        if isinstance(test, core.Text):
            return {test.op: test.text or "a"}
        if isinstance(test, core.Matches):
            return {"matches": test.pattern}
        if isinstance(test, core.Includes):
            values = [self.plain(key) for _ in test.values]
            return {"includes": values[0]} if len(values) == 1 else {f"includes_{test.mode}": values}
        if isinstance(test, core.Element):
            return {"element": {field.key: self.operators(field.key, 1) for field in test.where}}
        if isinstance(test, core.Near):
            return {"near": {"lat": test.lat, "lon": test.lon, "within_m": test.within_m}}
        if isinstance(test, core.Version):
            names = {"=": "equals", "<": "less_than", "<=": "at_most", ">": "greater_than", ">=": "at_least"}
            return {"version": {names[test.op]: test.version}}
        return {"before" if test.op == "<" else "after": rfc3339(test.at)}

    def picker(self, filtered: float = 0.3) -> Data:
        roll = self.rng.random()
        names = self.author.names
        found: Data = {"event": self.rng.choice(names)}
        if roll < 0.2:
            found = {"event": self.rng.sample(names, min(2, len(names)))}
        elif roll < 0.3:
            found = {"event": "any"}
        elif roll < 0.42:
            found = {"like": self.rng.choice(words.PATTERNS)}
        if self.rng.random() < filtered:
            key = self.rng.choice(self.author.keys)
            found["where"] = {key: self.plain(key) if self.rng.random() < 0.3 else self.operators(key)}
        return found

    def window(self) -> Data:
        roll = self.rng.random()
        if roll < 0.3:
            return {}
        if roll < 0.6:
            return {"within": self.duration()}
        if roll < 0.72:
            newer = self.us()
            return {"between_ago": [span_text(newer + self.us()), span_text(newer)]}
        if roll < 0.88:
            during = {"calendar": self.rng.choice(("day", "week", "month", "year"))}
            during |= (
                {"last": self.rng.choice((1, 2, 3)), "offset": self.rng.choice((0, 1))}
                if self.rng.random() < 0.6
                else {}
            )
            return {"during": during, "time_zone": self.author.zone()}
        after, before = sorted((self.instant(), self.instant()))
        return {"after": after, "before": before} if after < before else {"after": after}

    # ── conditions ────────────────────────────────────────────────────────────────────────────────────────

    def condition(self, word: str, keys: list[str]) -> Data:
        """Return a condition of the registered ``word``; ``keys`` are segments it may refer to."""
        if word in ("all", "any", "none"):
            return {word: [self.any_condition(keys) for _ in range(self.rng.choice((1, 2, 3)))]}
        if word == "not":
            return {"not": self.any_condition(keys)}
        if word == "at_least_of":
            count = self.rng.choice((2, 3))
            return {
                word: {
                    "count": self.rng.randrange(1, count + 1),
                    "of": [self.any_condition(keys) for _ in range(count)],
                }
            }
        if word == "in_segment":
            return {"in_segment": self.rng.choice(keys)} if keys else {"everyone": {}}
        return {word: getattr(self, f"_{word}")()}

    def any_condition(self, keys: list[str]) -> Data:
        return self.condition(self.rng.choice(SIMPLE), keys)

    def _everyone(self) -> Data:
        return {}

    def _trait(self) -> Data:
        name = self.rng.choice(self.author.traits)
        return {"name": name, **self.operators(name)}

    def _date(self) -> Data:
        ways: tuple[Data, ...] = (
            {"within": self.duration()},
            {"more_than_ago": self.duration()},
            {"in_next": self.duration()},
            {"is": self.rng.choice(DATES)},
            {"is": self.rng.choice(DATES)},
            {"days_from_now": self.rng.choice((-3, -1, 0, 1, 2))},
            {"anniversary": "today"},
            {"anniversary": {"within_days": self.rng.choice((1, 7, 30))}},
        )
        return {"trait": self.author.dated, **self.rng.choice(ways), "time_zone": self.author.zone()}

    def _has_been(self) -> Data:
        trait = self.rng.choice(self.author.traits)
        how = self.rng.choice(("for_at_least", "for_less_than"))
        return {"trait": trait, "equals": self.plain(trait), how: self.duration()}

    def _did(self) -> Data:
        found = {**self.picker(), **self.window()}
        if self.rng.random() < 0.75:
            found[self.rng.choice(("at_least", "at_least", "at_most", "exactly"))] = self.rng.choice((1, 1, 2, 2, 3))
        if self.rng.random() < 0.25:
            found = {**self.picker(), **self.window(), "at_least": self.rng.choice((2, 3))}
            found["same"] = self.rng.choice(("sku", "price"))
        return found

    def _did_not(self) -> Data:
        return {**self.picker(), **self.window()}

    def _aggregate(self) -> Data:
        kind = self.rng.choice(
            ("sum", "mean", "smallest", "largest", "distinct", "days", "most_frequent", "first", "latest")
        )
        prop = self.rng.choice(("price", "price", "sku", self.rng.choice(self.author.keys)))
        found: Data = {"kind": kind, **self.picker(), **self.window()}
        if kind != "days":
            found["property"] = prop
        kind, gap_us = self.author.sessions_instead(kind, repr(found))
        if kind in core.SESSION_KINDS:
            found |= {"kind": kind, "gap": span_text(gap_us)}
        if kind in ("most_frequent", "first", "latest"):
            return found | self.operators(prop)
        threshold: Any = self.author.threshold(core.Aggregate(kind, core.Selector(), prop))  # type: ignore[arg-type]
        op = self.rng.choice(("at_least", "at_most", "greater_than", "less_than", "equals", "not_equals", "between"))
        if op == "between":
            return found | {op: sorted((threshold, threshold + 1))}
        return found | {op: {"trait": "age"} if self.rng.random() < 0.15 else threshold}

    def _first_time(self) -> Data:
        return {**self.picker(), "within": self.duration()}

    def _last_time(self) -> Data:
        found = self.picker()
        roll = self.rng.random()
        if roll < 0.7:
            key = self.rng.choice(self.author.keys)
            found["has"] = {key: self.operators(key)}
        if roll > 0.3:
            found[self.rng.choice(("within", "more_than_ago"))] = self.duration()
        return found

    def _stopped(self) -> Data:
        silent = self.us()
        return {**self.picker(), "active_within": span_text(silent + self.us()), "silent_for": span_text(silent)}

    def _returned(self) -> Data:
        return {**self.picker(), "within": self.duration(), "after_silence": self.duration()}

    def _regularly(self) -> Data:
        of_last = self.rng.choice((2, 3, 4))
        bounds = {"at_least": self.rng.choice((1, 1, 2)), "in": self.rng.randrange(1, of_last + 1), "of_last": of_last}
        return {**self.picker(), "every": self.duration(), **bounds}

    def _steps(self, count: int) -> list[Data]:
        later = ({"within": self.duration()} if self.rng.random() < 0.5 else {} for _ in range(count))
        return [self.picker(0.15) | (more if number else {}) for number, more in enumerate(later)]

    def _frame(self, longer_than: int = 0) -> Data:
        found: Data = {"in_last": span_text(longer_than + self.us())} if self.rng.random() < 0.5 else {}
        return found | ({"same": "sku"} if self.rng.random() < 0.35 else {})

    def _then(self) -> Data:
        return {"steps": self._steps(self.rng.choice((2, 2, 3, 4))), **self._frame()}

    def _then_not(self) -> Data:
        deadline = self.us()
        begun = {"first": self.picker()} if self.rng.random() < 0.6 else {"steps": self._steps(2)}
        return {**begun, "absent": self.picker(), "for": span_text(deadline), **self._frame(deadline)}

    def _inactive(self) -> Data:
        return {"for": self.duration(), **(self.picker() if self.rng.random() < 0.5 else {})}

    def _top(self) -> Data:
        kind = self.rng.choice(("count", "sum", "mean", "smallest", "largest", "distinct", "days"))
        of = {} if kind in ("count", "days") else {"property": "price"}
        self.cuts["top"] = (self.author.threshold(core.Aggregate(kind, core.Selector(), "price")),)  # type: ignore[arg-type]
        share = self.rng.choice(({"percent": 10}, {"count": 3}))
        return {**share, "by": {"kind": kind, **of, **self.picker(), **self.window()}, "thresholds": 1}

    def _rfm(self) -> Data:
        grid = self.log.grid
        self.cuts |= {
            "recency": tuple(float(grid * k) for k in sorted(self.rng.sample(range(1, 12), 4))),
            "frequency": tuple(float(k) for k in sorted(self.rng.sample(range(1, 9), 4))),
            "monetary": tuple(sorted(self.author.number_near("price") for _ in range(4))),
        }
        names = self.rng.sample(("recency", "frequency", "monetary"), self.rng.choice((1, 1, 2, 3)))
        scores = {name: sorted((self.rng.randrange(1, 6), self.rng.randrange(1, 6))) for name in names}
        more = {"property": "price"} if "monetary" in names else {}
        more |= {"within": self.duration()} if self.rng.random() < 0.5 else {}
        return {**scores, **self.picker(), **more, "thresholds": 1}

    def _in_list(self) -> str:
        return "vip"

    def _cluster(self) -> Data:
        which: Data = self.rng.choice(({"is": "a"}, {"in": ["a", "b"]}, {"not": "b"}, {}))
        if which and self.rng.random() < 0.5:
            return {"model": "m", **which}
        bound = self.rng.choice(("at_least", "greater_than", "at_most", "less_than"))
        return {"model": "m", **which, "distance": {bound: self.rng.choice((0, 0.5, 1, 2.5))}}

    def _bucket(self) -> Data:
        return {"percent": self.rng.choice((1, 10, 50, 99)), "salt": self.rng.choice(("x7f3", "y"))}

    def _consented(self) -> Data:
        return {"purpose": "email", "default": self.rng.choice(("in", "out"))}


SIMPLE = (
    *("trait", "date", "has_been", "did", "did", "did", "did_not", "aggregate", "aggregate", "first_time", "last_time"),
    *(
        "stopped",
        "returned",
        "regularly",
        "then",
        "then_not",
        "then_not",
        "inactive",
        "in_segment",
        "in_list",
        "cluster",
        "bucket",
    ),
    *("consented", "everyone"),
)
