"""What each test says of one value."""

from __future__ import annotations

import itertools

import pytest

from coterie.model import Value
from coterie.segments.core import (
    Element,
    Equals,
    Exists,
    Field,
    Includes,
    Matches,
    Moment,
    Near,
    OneOf,
    Order,
    Test,
    Text,
    Version,
)
from coterie.segments.holds import half_chord, half_chord_limit, holds
from coterie.segments.instants import to_us

TEXTS = ("contains", "starts_with", "ends_with")
EVERY: list[Test] = [
    Exists(),
    Equals(""),
    Equals(0),
    OneOf(("", 0)),
    Order("<=", 0),
    Text("contains", ""),
    Matches(""),
    Includes("all", ()),
    Element(()),
    Near(0, 0, 1e9),
    Version(">=", "0.0.0"),
    Moment(">=", 0),
]


@pytest.mark.parametrize("test", EVERY, ids=lambda test: type(test).__name__)
@pytest.mark.parametrize("value", [None, "", float("nan"), float("inf")])
def test_every_test_of_a_missing_value_is_false(test: Test, value: Value) -> None:
    assert not holds(test, value)


@pytest.mark.parametrize("test", EVERY, ids=lambda test: type(test).__name__)
@pytest.mark.parametrize("value", [True, 7, 7.5, "text", [], [1, {"a": 1}], {"lat": 1, "lon": "x"}])
def test_a_value_of_another_type_raises_nothing(test: Test, value: Value) -> None:
    assert holds(test, value) in (True, False)


@pytest.mark.parametrize(
    ("test", "value", "expected"),
    [
        (Exists(), [], True),
        (Exists(), False, True),
        (Equals(1), 1.0, True),
        (Equals(1.0), 1, True),
        (Equals(1), True, False),
        (Equals(True), 1, False),
        (Equals(1), "1", False),
        (Equals("1"), 1, False),
        (Equals(0.1), 0.1, True),
        (Equals("ä"), "ä", True),
        (OneOf(("a", 2.0)), 2, True),
        (OneOf((True,)), 1, False),
        (OneOf(()), "a", False),
        (Order("<", 2), 1.5, True),
        (Order("<=", 2), 2, True),
        (Order(">", 2), 2, False),
        (Order(">=", 2), "3", False),
        (Order(">=", 0), True, False),
        (Text("contains", "2022"), "2022-10-11", True),
        (Text("contains", "22"), 2022, True),
        (Text("starts_with", "tr"), True, True),
        (Text("ends_with", ".5"), 1.5, True),
        (Text("contains", "A"), "a", False),
        (Text("contains", "a"), ["a"], False),
        (Matches("^b.r$"), "bar", True),
        (Matches("a"), "bar", True),
        (Matches("^a"), "bar", False),
        (Matches("^[0-9]{4}$"), 2022, True),
        (Matches("a.b"), "a\nb", False),
        (Includes("any", ("a", 2)), [2.0], True),
        (Includes("all", ("a", 2)), [2, "a", "z"], True),
        (Includes("all", ("a", 2)), ["a"], False),
        (Includes("any", ("a",)), [], False),
        (Includes("any", ("a",)), "a", False),
        (Includes("any", (True,)), [1], False),
    ],
)
def test_the_meaning(test: Test, value: Value, expected: bool) -> None:
    assert holds(test, value) is expected


def test_an_element_matches_all_fields_in_the_same_object() -> None:
    cars = Field("cars", Order(">", 45))
    ball = Field("football", Equals(15))
    listed: Value = [{"cars": 50}, {"football": 15}, "text", 3]
    assert holds(Element((cars,)), listed)
    assert holds(Element((ball,)), listed)
    assert not holds(Element((cars, ball)), listed)
    assert holds(Element((cars, Field("football", Exists(), negate=True))), listed)
    assert not holds(Element((Field("cars", Exists(), negate=True),)), [])


def test_a_point_is_near_by_great_circle() -> None:
    oslo: Value = {"lat": 59.9139, "lon": 10.7522}
    assert holds(Near(60.3913, 5.3221, 306_000), oslo)  # Bergen, 305 km
    assert not holds(Near(60.3913, 5.3221, 304_000), oslo)
    assert holds(Near(0, 179.9, 30_000), {"lat": 0, "lon": -179.9})
    assert holds(Near(90, 0, 2.1e7), {"lat": -90, "lon": 0})
    assert not holds(Near(90, 0, 2.0e7), {"lat": -90, "lon": 0})
    assert holds(Near(1, 2, 0), {"lat": 1, "lon": 2})
    assert half_chord(0, 0, 0, 180) == pytest.approx(1)
    assert half_chord_limit(1e9) > 1


# In the order of semver.org §11, each strictly before the next.
PRECEDENCE = [
    "0.9.10",
    "1.0.0-1",
    "1.0.0-9",
    "1.0.0-10",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1",
    "1.2.0",
    "1.10.0",
    "2.0.0",
]


def test_versions_order_as_semver_says() -> None:
    for (i, low), (j, high) in itertools.product(enumerate(PRECEDENCE), repeat=2):
        assert holds(Version("<", high), low) is (i < j)
        assert holds(Version("<=", high), low) is (i <= j)
        assert holds(Version("=", high), low) is (i == j)
        assert holds(Version(">", high), low) is (i > j)
        assert holds(Version(">=", high), low) is (i >= j)


@pytest.mark.parametrize(
    "text", ["1", "1.2", "v1.2.3", "01.2.3", "1.2.3-01", "1.2.3-", "1.2.3+", " 1.2.3", "1.2.3\n", 3]
)
def test_what_is_no_version_passes_no_test(text: Value) -> None:
    assert not holds(Version(">=", "0.0.0-0"), text)
    assert not holds(Version("<", "9.9.9"), text)


def test_build_metadata_does_not_count() -> None:
    assert holds(Version("=", "1.2.3+b"), "1.2.3+a.7")


def test_moments_read_dates_in_their_zone() -> None:
    import datetime as dt

    at = to_us(dt.datetime(2026, 3, 1, 5, tzinfo=dt.UTC))  # midnight in New York
    assert holds(Moment(">=", at, "America/New_York"), "2026-03-01")
    assert not holds(Moment("<", at, "America/New_York"), "2026-03-01")
    assert holds(Moment("<", at, "UTC"), "2026-03-01")
    assert holds(Moment(">=", at), "2026-03-01T05:00:00Z")
    assert holds(Moment("<", at), "2026-03-01T04:59:59.999999")
    assert not holds(Moment("<", at), 5)
    assert not holds(Moment(">=", at), "yesterday")
