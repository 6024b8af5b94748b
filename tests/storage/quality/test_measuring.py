"""What is measured of a day, counted by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pytest

from coterie.limits import DAY_US, HOUR_US, SECOND_US
from coterie.monitoring.distances import distance
from coterie.monitoring.measures import OTHER, Count, Observation, Share, Spread, Subject, pooled
from coterie.monitoring.spreads import bin_of, size_of
from coterie.storage.log import SCHEMA, conform
from coterie.storage.quality.measuring import measure, rows_by_day
from coterie.values import canonical

FIRST = 20_000


def row(
    number: int, day: int = 0, name: str = "order", late_us: int = 0, who: str = "", **properties: Any
) -> dict[str, Any]:
    at = (FIRST + day) * DAY_US + number % 24 * HOUR_US
    told = {key: value for key, value in properties.items() if value is not None}
    return {
        "event_id": f"{name}-{day}-{number}", "profile": who or f"p{number}", "name": name, "occurred_at": at - late_us, "received_at": at,
        "properties": canonical(told), "source": "till" if number % 2 else "web",
    }  # fmt: skip


def day_of(rows: list[dict[str, Any]], day: int = 0) -> Mapping[Subject, Observation]:
    return measure(table(rows), FIRST, FIRST + 30)[FIRST + day]


def table(rows: list[dict[str, Any]]) -> pa.Table:
    return conform(pa.Table.from_pylist(rows))


def of(
    found: Mapping[Subject, Observation], measure: str, key: str = "", event: str = "order", source: str = ""
) -> Any:
    stage = "profile" if event.startswith("$") else "land"
    return found[Subject(stage, event, key, source, measure)]


def test_rows_sources_profiles_hours_and_delays() -> None:
    rows = [
        row(number, late_us=(number % 2) * 1_000 * SECOND_US, who="ada" if number < 10 else "") for number in range(48)
    ]
    found = day_of(rows)
    assert of(found, "rows") == Count(48)
    assert of(found, "rows", event="*", source="till") == Count(24)
    assert of(found, "heaviest") == Share(10, 48)
    assert of(found, "profiles") == Share(39, 48)
    assert of(found, "hours").counts == {str(hour): 2 for hour in range(24)}
    assert of(found, "delays").counts == {"0": 24, "40": 24}
    assert rows_by_day([], FIRST) == {}


def test_a_property_by_its_kinds() -> None:
    values = [1, 2.5, -3, 0, "x", " y", "", True, None, [1]]
    found = day_of([row(number, total=value) for number, value in enumerate(values)])
    assert of(found, "missing", "total") == Share(1, 10)
    assert of(found, "types", "total").counts == {"number": 4, "text": 3, "boolean": 1, "list": 1}
    assert (of(found, "negative", "total"), of(found, "zero", "total")) == (Share(1, 4), Share(1, 4))
    assert of(found, "entire", "total") == Share(3, 4)
    assert (of(found, "blank", "total"), of(found, "padded", "total")) == (Share(1, 3), Share(1, 3))
    assert of(found, "numbers", "total").counts == {str(bin_of(value)): 1 for value in (1, 2.5, -3, 0)}


@pytest.mark.parametrize("number", [1e-9, 0.01, 1, 7, 99.5, 1e6, 1e15, -1, -250.0])
def test_bins_of_numbers_are_those_of_the_statement(number: float) -> None:
    (name,) = of(day_of([row(0, total=number)]), "numbers", "total").counts
    assert int(name) == bin_of(number)
    assert size_of(float(name)) == pytest.approx(number, rel=0.11)


@pytest.mark.parametrize(
    ("text", "spoilt"),
    [
        ("Zoë Müller", 0),
        ("ZoÃ« MÃ¼ller", 1),
        ("Zo\ufffd", 1),
        ("M?ller", 1),
        ("what? now", 0),
        ("50 €", 0),
        ("â€™", 1),
        ("Привет", 0),
    ],
)
def test_wrong_encodings(text: str, spoilt: int) -> None:
    assert of(day_of([row(0, name_=text)]), "garbled", "name_") == Share(spoilt, 1)


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("o-123", "a-9"),
        ("2026-03-01", "9-9-9"),
        ("DE", "A"),
        ("Ada Berg", "Aa Aa"),
        ("ada@x.org", "a@a.a"),
        ("x-0b5f9c1d2e3f4a5b", "a-#"),
        ("0b5f9c1d-0000-4111-8222-abcdefabcdef", "#"),
        ("123456789", "9"),
    ],
)
def test_shapes_tell_no_letters(text: str, shape: str) -> None:
    assert of(day_of([row(0, value=text)]), "shapes", "value").counts == {shape: 1}


def test_values_are_named_only_when_five_people_share_them() -> None:
    rows = [row(number, plan="pro") for number in range(20)] + [
        row(100 + number, who="ada", plan="free") for number in range(4)
    ]
    assert of(day_of(rows), "values", "plan").counts == {"pro": 20, OTHER: 4}
    few = [row(number, who=f"p{number % 4}", plan="secret") for number in range(40)]
    assert Subject("land", "order", "plan", "", "values") not in day_of(few)


def test_rows_that_say_the_same_are_repeated_within_a_week() -> None:
    told = [row(number, day=day, total=1) for day in (0,) for number in range(10)]
    copies = [
        {**one, "event_id": f"{one['event_id']}x", "received_at": one["received_at"] + 3 * DAY_US} for one in told[:4]
    ]
    late = [
        {**one, "event_id": f"{one['event_id']}y", "received_at": one["received_at"] + 20 * DAY_US} for one in told[:4]
    ]
    found = measure(table(told + copies + late), FIRST, FIRST + 30)
    assert [of(found[FIRST + day], "repeated").part for day in (0, 3, 20)] == [0, 4, 0]


def test_orphans_look_two_weeks_back() -> None:
    carts = [row(number, day=number % 30, name="cart", cart=f"c-{number}") for number in range(900)]
    orders = [row(number, day=29, name="order", cart=f"c-{number}") for number in range(860, 940)]
    orphans = sum(number % 30 < 15 for number in range(860, 900)) + 40
    together = measure(table(carts + orders), FIRST, FIRST + 30)[FIRST + 29]
    alone = measure(table(carts + orders), FIRST + 29, FIRST + 30)[FIRST + 29]
    assert of(together, "orphans:cart", "cart") == of(alone, "orphans:cart", "cart") == Share(orphans, 80)


def test_a_day_measured_alone_is_the_same_as_among_others() -> None:
    rows = [row(number, day=day, total=number * day, plan="pro") for day in range(5) for number in range(30)]
    assert measure(table(rows), FIRST + 3, FIRST + 4)[FIRST + 3] == measure(table(rows), FIRST, FIRST + 5)[FIRST + 3]


def test_an_empty_log_has_no_days() -> None:
    assert measure(SCHEMA.empty_table(), FIRST, FIRST + 3) == {}


def test_spreads_add_up_and_have_a_distance() -> None:
    one, two = Spread({"1": 3, "2": 1}), Spread({"2": 2, "9": 2})
    assert pooled([one, two]).counts == {"1": 3, "2": 3, "9": 2}
    assert distance(one, two, ordered=False) == pytest.approx(0.75)
    assert distance(one, two, ordered=True) == pytest.approx(0.75)
    assert distance(one, Spread({}), ordered=True) == 0


@pytest.mark.parametrize("key", ['a"b', "a\\b", "it's", "", "a/b~c", "日本", "$first", "a.b[0]", "\n"])
def test_references_by_properties_of_any_name(key: str) -> None:
    rows = [row(number, name="add", **{key: f"k{number}"}) for number in range(30)]
    rows += [row(number, name="pay", **{key: f"k{number + 6}"}) for number in range(30)]
    assert of(day_of(rows), "orphans:add", key, "pay") == Share(6, 30)


def test_names_without_end_are_measured_up_to_a_bound() -> None:
    rows = [row(number, **{f"score_{number}": number, "total": 5}) for number in range(600)]
    told = day_of(rows)
    assert of(told, "missing", "total") == Share(0, 600)
    assert len({subject.property for subject in told if subject.property}) == 500
    rows = [row(number, name=f"viewed {number}") for number in range(1_100)] + [row(number) for number in range(5)]
    told = day_of(rows)
    assert len({subject.event for subject in told}) == 1_001  # and all of them together
    assert of(told, "rows") == Count(5)
    assert told[Subject("land", "*", "", "", "rows")] == Count(1_105)
