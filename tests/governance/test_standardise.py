"""The stage: which rules touch which values, what becomes of those that cannot be made normal, and what is told."""

from __future__ import annotations

import random

import pytest

from coterie.governance.application import MADE
from coterie.limits import Limits
from tests.governance.rules import AT, event, stage, taken

COUNTRY = "  - {property: country, country: alpha-2}\n"


def told(passed: object) -> list[tuple[str, str, int]]:
    return [(one.kind, one.property, one.count) for one in passed.remarks]  # type: ignore[attr-defined]


def test_a_value_is_made_normal_and_counted_with_a_sample() -> None:
    passed = taken(stage(COUNTRY), event(country="Norway"), event(country="Norway"), event(country="NO"))
    assert [one.properties["country"] for one in passed.events] == ["NO", "NO", "NO"]
    (remark,) = passed.remarks
    assert (remark.kind, remark.event, remark.property, remark.source, remark.count, remark.at) == (
        MADE, "order", "country", "web", 2, AT,
    )  # fmt: skip
    assert remark.sample == "Norway → NO"


def test_an_event_without_anything_to_do_is_the_same_object_with_the_same_dict() -> None:
    one = event(country="NO", other="x")
    before = one.properties
    passed = taken(stage(COUNTRY), one)
    assert passed.events[0] is one
    assert one.properties is before
    assert not passed.remarks


def test_events_that_share_properties_are_not_changed_through_each_other() -> None:
    shared = {"country": "Norway"}
    one, other = event(), event("view")
    one.properties = other.properties = shared
    taken(stage("  - {property: country, event: order, country: alpha-2}\n"), one, other)
    assert (one.properties, other.properties, shared) == (
        {"country": "NO"},
        {"country": "Norway"},
        {"country": "Norway"},
    )


@pytest.mark.parametrize(
    ("otherwise", "left", "refused"),
    [("keep", [{"country": "Narnia", "n": 1}], 0), ("drop", [{"n": 1}], 0), ("quarantine", [], 1)],
)
def test_what_cannot_be_made_normal_is_kept_dropped_or_refused(
    otherwise: str, left: list[object], refused: int
) -> None:
    rule = f"  - {{property: country, country: alpha-2, otherwise: {otherwise}}}\n"
    passed = taken(stage(rule), event(country="Narnia", n=1))
    assert [one.properties for one in passed.events] == left
    assert len(passed.refused) == refused
    if refused:
        assert (passed.refused[0].reason, "Narnia" in passed.refused[0].detail) == ("not a country", True)
        assert passed.refused[0].event.properties == {"country": "Narnia", "n": 1}, "refused as it came"
    else:
        assert told(passed) == [("not a country", "country", 1)]


def test_neighbours_of_a_refused_event_go_on_and_it_is_not_counted_beside() -> None:
    rules = COUNTRY + "  - {identifier: email, email: true, otherwise: quarantine}\n"
    bad = event("order", ("email", "nobody"), country="Norway")
    passed = taken(stage(rules), event(country="Sweden"), bad, event(country="NO"))
    assert [one.properties["country"] for one in passed.events] == ["SE", "NO"]
    assert bad.properties == {"country": "Norway"}
    assert bad.identifiers == (("email", "nobody"),)


def test_the_original_is_kept_on_request_and_so_is_what_stood_beside_it() -> None:
    rule = "  - {property: price, currency: {to: EUR, rates: ecb.csv}, keep_original: true}\n"
    passed = taken(stage(rule), event(price=115, currency="NOK"))
    assert passed.events[0].properties == {
        "price": 10, "price.original": 115, "currency": "EUR", "currency.original": "NOK",
    }  # fmt: skip


def test_two_amounts_beside_one_currency_are_both_changed_and_a_second_time_changes_nothing() -> None:
    one = stage("  - {property: [price, shipping], currency: {to: EUR, rates: ecb.csv}}\n")
    passed = taken(one, event(price=115, shipping=23, currency="NOK"))
    expected = {"price": 10, "shipping": 2, "currency": "EUR"}
    assert passed.events[0].properties == expected
    again = taken(one, *passed.events)
    assert again.events[0].properties == expected
    assert not again.remarks


def test_a_measure_with_its_unit_beside_it_is_changed_once_only() -> None:
    one = stage("  - {property: weight, unit: {to: kg, from: g, from_in: unit}}\n")
    passed = taken(one, event(weight=500))
    assert passed.events[0].properties == {"weight": 0.5, "unit": "kg"}
    assert taken(one, *passed.events).events[0].properties == {"weight": 0.5, "unit": "kg"}


def test_items_of_lists_are_made_normal_by_what_stands_in_the_item_or_else_in_the_event() -> None:
    rule = "  - {property: 'products[].price', currency: {to: EUR, rates: ecb.csv}}\n"
    items = [{"price": 115}, {"price": 11, "currency": "USD"}, {"sku": "x"}, "odd"]
    passed = taken(stage(rule), event(products=items, currency="NOK"))
    assert passed.events[0].properties == {
        "products": [{"price": 10}, {"price": 10, "currency": "EUR"}, {"sku": "x"}, "odd"], "currency": "EUR",
    }  # fmt: skip
    assert items[0] == {"price": 115}, "what came is not written to"


def test_a_list_of_values_is_made_normal_one_by_one() -> None:
    passed = taken(stage(COUNTRY), event(country=["Norway", "SE"]), event(country=["Norway", "Narnia"]))
    assert [one.properties["country"] for one in passed.events] == [["NO", "SE"], ["Norway", "Narnia"]]


def test_rules_are_applied_in_order_and_each_sees_what_those_before_it_left() -> None:
    rules = (
        "  - {property: currency, vocabulary: {terms: {NOK: [kroner], EUR: []}}}\n"
        "  - {property: price, number: {decimal: ','}}\n"
        "  - {property: price, currency: {to: EUR, rates: ecb.csv}}\n"
    )
    passed = taken(stage(rules), event(price="1.150,00", currency="Kroner"))
    assert passed.events[0].properties == {"price": 100, "currency": "EUR"}


def test_traits_are_those_of_identify_and_set_and_properties_those_of_other_events() -> None:
    rules = "  - {trait: country, country: alpha-3}\n  - {property: country, country: alpha-2}\n"
    names = ("order", "$identify", "$set", "$consent")
    passed = taken(stage(rules), *(event(name, country="Norway") for name in names))
    assert [one.properties["country"] for one in passed.events] == ["NO", "NOR", "NOR", "Norway"]


def test_rules_of_a_source_and_of_events_by_pattern() -> None:
    rules = (
        "  - {property: a, source: [shop, 'source:*'], text: upper}\n"
        "  - {property: a, event: 'order*', text: {case: lower}}\n"
    )
    one = stage(rules)
    assert taken(one, event("view", a="Xy"), source="shop").events[0].properties == {"a": "XY"}
    assert taken(one, event("view", a="Xy"), source="source:crm").events[0].properties == {"a": "XY"}
    assert taken(one, event("view", a="Xy"), source="web").events[0].properties == {"a": "Xy"}
    assert taken(one, event("order_paid", a="Xy"), source="web").events[0].properties == {"a": "xy"}


def test_a_key_is_meant_by_its_name_too() -> None:
    from coterie.governance.parse import parse_text
    from coterie.governance.standardise import Standardise

    rules = parse_text("key: t\nrules:\n  - {property: a, source: phone app, text: upper}\n")
    one = Standardise(rules, names_of=lambda source: (source, "phone app") if source == "k_1" else (source,))
    assert taken(one, event(a="x"), source="k_1").events[0].properties == {"a": "X"}
    assert taken(one, event(a="x"), source="k_2").events[0].properties == {"a": "x"}


def test_identifiers_are_made_normal_and_never_shown() -> None:
    rules = "  - {identifier: [email, phone], email: true}\n".replace(", phone", "").replace("[email]", "email")
    one = stage(rules + "  - {identifier: phone, phone: 'NO'}\n")
    given = (("user_id", "ada"), ("email", "Ada@Example.com"), ("phone", "401 23 456"))
    passed = taken(one, event("order", *given), event("order", *given))
    assert passed.events[1].identifiers == (("user_id", "ada"), ("email", "ada@example.com"), ("phone", "+4740123456"))
    assert told(passed) == [(MADE, "email", 2), (MADE, "phone", 2)]
    assert not any(word in one.sample for one in passed.remarks for word in ("da", "Ada", "401"))


def test_two_spellings_of_one_identifier_become_one() -> None:
    one = stage("  - {identifier: email, email: {tag: drop}}\n")
    passed = taken(one, event("order", ("email", "a@b.no"), ("email", "A+x@b.no")))
    assert passed.events[0].identifiers == (("email", "a@b.no"),)


def test_an_identifier_may_be_dropped_while_another_is_left() -> None:
    one = stage("  - {identifier: email, email: true, otherwise: drop}\n")
    passed = taken(one, event("order", ("user_id", "ada"), ("email", "x")), event("order", ("email", "x")))
    assert [event.identifiers for event in passed.events] == [(("user_id", "ada"),)]
    assert [refused.reason for refused in passed.refused] == ["not an e-mail address"]


def test_what_an_alias_names_is_made_normal_too() -> None:
    one = event("$alias", ("user_id", "ada"))
    one.previous = (("email", "Ada@Example.com"),)
    taken(stage("  - {identifier: email, email: true}\n"), one)
    assert one.previous == (("email", "ada@example.com"),)


def test_the_phone_of_a_person_is_read_by_the_country_of_the_same_event() -> None:
    one = stage("  - {trait: phone, identifier: phone, phone: {region_in: country}}\n")
    swede = event("$identify", ("phone", "070-123 45 67"), phone="070-123 45 67", country="SE")
    briton = event("$identify", ("phone", "070-123 45 67"), phone="070-123 45 67", country="NO")
    passed = taken(one, swede, briton)
    assert passed.events[0].identifiers == (("phone", "+46701234567"),)
    assert passed.events[0].properties["phone"] == "+46701234567"
    assert passed.events[1].identifiers == (("phone", "070-123 45 67"),), "no such number in Norway"


def test_missing_values_are_left_alone() -> None:
    passed = taken(stage(COUNTRY), event(country=None), event())
    assert [one.properties for one in passed.events] == [{"country": None}, {}]
    assert not passed.remarks


def test_memory_is_bounded_and_answers_stay_the_same() -> None:
    from coterie.governance.parse import parse_text
    from coterie.governance.standardise import Standardise

    rules = parse_text("key: t\nrules:\n  - {property: a, text: upper}\n  - {identifier: email, email: true}\n")
    small, large = Standardise(rules, Limits(standard_values_max=3)), Standardise(rules)
    rng = random.Random(5)
    for _ in range(300):
        value, name = f"v{rng.randrange(40)}", f"event {rng.randrange(10)}"
        source, caller = f"s{rng.randrange(10)}", ("email", f"A{rng.randrange(20)}@b.no")
        one, other = event(name, caller, a=value), event(name, caller, a=value)
        small.apply([one], source, AT)
        large.apply([other], source, AT)
        assert (one.properties, one.identifiers) == (other.properties, other.identifiers) == (
            {"a": value.upper()}, (("email", caller[1].lower()),),
        )  # fmt: skip
    assert all(len(one.known) <= 3 for one in small._shared.values())
    assert max(len(plans) for plans in small._plans.values()) <= 3 >= len(small._plans)


def test_how_events_are_cut_into_batches_changes_nothing() -> None:
    rules = COUNTRY + "  - {property: price, currency: {to: EUR, rates: ecb.csv}, otherwise: quarantine}\n"
    rng = random.Random(7)

    def some() -> list[object]:
        rng.seed(11)
        return [
            event(
                country=rng.choice(["Norway", "NO", "Narnia", "se"]), price=rng.choice([1, 11.5, "x"]), currency="NOK"
            )
            for _ in range(60)
        ]

    whole = taken(stage(rules), *some())  # type: ignore[arg-type]
    one = stage(rules)
    pieces = [one.apply([event], "web", AT) for event in some()]  # type: ignore[list-item]
    assert [event.properties for piece in pieces for event in piece.events] == [e.properties for e in whole.events]
    assert sum(len(piece.refused) for piece in pieces) == len(whole.refused) > 0
    sums: dict[tuple[str, str], int] = {}
    for remark in (remark for piece in pieces for remark in piece.remarks):
        sums[remark.kind, remark.property] = sums.get((remark.kind, remark.property), 0) + remark.count
    assert sums == {(remark.kind, remark.property): remark.count for remark in whole.remarks}


def test_two_amounts_of_one_item_are_both_changed_and_a_second_time_changes_nothing() -> None:
    rule = (
        "  - {property: ['items[].price', 'items[].off'], currency: {to: EUR, rates: ecb.csv}, keep_original: true}\n"
    )
    one = stage(rule)
    passed = taken(one, event(items=[{"price": 115, "off": 23, "currency": "NOK"}, {"price": 5, "currency": "EUR"}]))
    mended = {
        "price": 10,
        "price.original": 115,
        "off": 2,
        "off.original": 23,
        "currency": "EUR",
        "currency.original": "NOK",
    }
    assert passed.events[0].properties == {"items": [mended, {"price": 5, "currency": "EUR"}]}
    assert not taken(one, event(**passed.events[0].properties)).remarks


def test_the_sample_of_an_identifier_is_its_shape_whatever_it_looks_like() -> None:
    passed = taken(stage("  - {identifier: card, text: upper}\n"), event("order", ("card", "abc-12")))
    assert passed.events[0].identifiers == (("card", "ABC-12"),)
    assert [one.sample for one in passed.remarks] == ["a-9"]
