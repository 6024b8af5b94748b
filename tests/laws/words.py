"""The tiny universe of the laws: few profiles, names, keys and values, so that collisions are common."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import Any

from coterie.limits import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from coterie.segments.instants import rfc3339, to_us

PROFILES = ("ann", "bob", "cy", "dee", "eve")
CROWD = tuple(f"p{number}" for number in range(50))
NAMES = ("view", "buy", "add to cart", "TEST_1", "TEST_2", "[v]iew")
PATTERNS = ("TEST_*", "v?ew", "*", "*u*", "$*", "[v]*", "TEST_?", "buy", "?", "t*")
KEYS = ("price", "sku", "tags", "lines", "place", "build", "due", "a.b")
TRAITS = (
    "plan",
    "age",
    "joined",
    "likes",
    "cars",
    "home",
    "app",
    "consent.email",
    "o'key",
    "list.vip",
    "cluster.m",
    "cluster_distance.m",
)
ZONES = ("UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata", "America/Havana", "Australia/Lord_Howe")
PATTERNS_RE2 = (
    "a",
    "^a",
    "a.*b",
    "[0-9]+",
    "(?i)PRO",
    r"\d{4}-\d{2}",
    "$",
    "^$",
    "a.b",
    "^true$",
    r"^1\.",
    "b|c",
    r"\bx",
    "é$",
)


def utc(*parts: int) -> int:
    return to_us(datetime(*parts, tzinfo=UTC))  # type: ignore[arg-type,misc]


ANCHORS = (
    (utc(2026, 3, 8, 7), "America/New_York"),  # springs forward at 2 am
    (utc(2026, 3, 8, 5), "America/Havana"),  # springs forward at midnight
    (utc(2026, 11, 1, 6), "America/New_York"),  # falls back
    (utc(2026, 11, 1, 4), "America/Havana"),  # the first midnight of two
    (utc(2026, 3, 8, 5), "America/New_York"),  # midnight of a short day
    (utc(2026, 3, 29, 1), "Europe/Berlin"),  # springs forward
    (utc(2026, 10, 24, 22), "Europe/Berlin"),  # midnight of a long day
    (utc(2026, 4, 4, 15), "Australia/Lord_Howe"),  # falls back by half an hour
    (utc(2026, 1, 1), "UTC"),  # a year, a month and a day begin
    (utc(2024, 2, 29), "UTC"),  # leap day
    (utc(2025, 12, 31, 18, 30), "Asia/Kolkata"),  # a year begins
    (utc(2026, 6, 14, 18, 30), "Asia/Kolkata"),  # a Monday begins
)
"""Instants around which logs happen, and whose clock makes them special."""
GRIDS = (SECOND_US, MINUTE_US, HOUR_US, 12 * HOUR_US, DAY_US, DAY_US, 3 * DAY_US)
"""The step on which instants and windows lie, so that their edges coincide."""

NUMBERS: tuple[Any, ...] = (-1, 0, 1, 2, 3, 2.5, 0.1, 0.2, 0.7, 19.99, 100, -2.5, 1e-7, 1234567.891, 3, 1, 2, 2e10)
TEXTS: tuple[Any, ...] = (
    "a",
    "b",
    "A",
    "pro",
    "Pro",
    "1",
    "true",
    "2022-10-11",
    "x*y",
    "100%",
    "a_b",
    "O'Neil",
    "é",
    'q"q',
    "b\\c",
    "a\nb",
    " a",
)
LISTS: tuple[Any, ...] = (
    [],
    ["a"],
    ["a", "b"],
    [1, "a"],
    ["1", True],
    [True, 2.5],
    [None, "b"],
    ["a", "a"],
    [[1], "b"],
    ["a", "b", "pro"],
)
OBJECTS: tuple[Any, ...] = (
    [{"n": 1, "s": "a"}, {"n": 2}],
    [{"n": 2, "s": "b"}],
    [{"n": 50, "s": "a"}, {"n": 15, "s": "b"}],
    [{"s": ""}, 3, {"n": None, "s": "a"}],
    [{"n": "1", "s": "a"}],
    [],
    {"n": 1},
    [{}],
)
POINTS: tuple[Any, ...] = (
    {"lat": 52.5, "lon": 13.4},
    {"lat": 52.52, "lon": 13.405},
    {"lat": 0, "lon": 0},
    {"lat": 0, "lon": 179.9},
    {"lat": 0, "lon": -179.9},
    {"lat": 90, "lon": 10},
    {"lat": "52.5", "lon": 13.4},
    {"lat": None, "lon": 13.4},
    {"lat": -33.9, "lon": 151.2},
)
VERSIONS: tuple[Any, ...] = (
    "1.2.3", "1.2.3-alpha", "1.2.3-alpha.1", "1.2.3-alpha.beta", "1.2.3-2", "1.2.3-11", "1.10.0", "2.0.0",
    "1.2.3+build", "1.2", "v1.2.3", "01.2.3", "1.2.3-rc.1", "1.2.3-01", "10.0.0",
)  # fmt: skip
PRIMARY: dict[str, tuple[Any, ...]] = {
    "price": NUMBERS, "sku": ("a", "b", "A", 1, "1"), "tags": LISTS, "lines": OBJECTS, "place": POINTS,
    "build": VERSIONS, "due": (), "a.b": TEXTS,
    "plan": TEXTS, "age": NUMBERS, "joined": (), "likes": LISTS, "cars": OBJECTS, "home": POINTS, "app": VERSIONS,
    "consent.email": (True, False, True, False, "true", 1), "list.vip": (True, True, False, None),
    "cluster.m": ("a", "b", "a", "b", "c", None), "cluster_distance.m": (0, 0.5, 1, 2.5, 0.499, None, "1"),
    "o'key": TEXTS, "n": (1, 2, 15, 50, 1.5, "1"), "s": ("a", "b", "A"),
}  # fmt: skip
INSTANT_KEYS = ("due", "joined")
ODD: tuple[Any, ...] = (None, "", True, False, 1, "a", 2.5, ["a"], "2026-03-08", {"x": 1}, "1.2.3")


def date_text(rng: Random, at: int, grid: int) -> str:
    """Return some way of writing an instant near ``at``, now and then one that is no instant at all."""
    near = at + rng.randrange(-6, 7) * grid
    near -= near % SECOND_US
    full = rfc3339(near)
    return rng.choice(
        [
            full,
            full,
            full[:10],
            full[:10],
            full[:19],
            full[:16].replace("T", " "),
            full[:19] + "+05:30",
            full[:19] + ".25Z",
            f"{int(full[:4]) - rng.randrange(0, 40)}{full[4:10]}",
            f"{2024 - 4 * rng.randrange(0, 9)}-02-29",
            "2026-02-30",
            "1899-12-31",
            full[:10] + "T",
        ]
    )


def value_for(rng: Random, key: str, at: int, grid: int) -> Any:
    """Return a value that an event or trait may carry under ``key``: mostly of the key's own type, sometimes odd."""
    if rng.random() < 0.12:
        return rng.choice(ODD)
    if key in INSTANT_KEYS:
        return date_text(rng, at, grid)
    return rng.choice(PRIMARY[key])
