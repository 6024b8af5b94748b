"""The ways in which data goes wrong, as functions of one day's rows; each with the check that has to notice."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from coterie.limits import DAY_US, HOUR_US
from coterie.monitoring.terms import Check

Row = dict[str, Any]
Spoil = Callable[[list[Row], random.Random, list[Row]], list[Row]]
"""Rows of the day, the dice, rows of the day before → rows as they arrive."""


class Kind(Struct, frozen=True):
    """One kind of corruption and who has to notice: the check, the event and the property."""

    name: str
    spoil: Spoil
    check: Check
    event: str
    property: str = ""


KINDS: list[Kind] = []


def kind(check: Check, event: str, property: str = "") -> Callable[[Spoil], Spoil]:
    def add(spoil: Spoil) -> Spoil:
        KINDS.append(Kind(spoil.__name__, spoil, check, event, property))
        return spoil

    return add


def changed(rows: list[Row], event: str, change: Callable[[dict[str, Any]], dict[str, Any]], share: float = 1.0, dice: random.Random | None = None) -> list[Row]:  # fmt: skip
    """Return the rows with the properties of some of an event's rows changed."""
    dice = dice or random.Random(0)
    return [
        {**one, "properties": change(dict(one["properties"]))}
        if one["name"] == event and dice.random() < share
        else one
        for one in rows
    ]


def put(key: str, value: Callable[[Any], Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda properties: {**properties, key: value(properties[key])} if key in properties else properties


def again(rows: list[Row], word: str) -> list[Row]:
    return [{**one, "event_id": f"{one['event_id']}-{word}"} for one in rows]


@kind(Check.SCHEMA, "order_completed", "total")
def type_flip(rows: list[Row], dice: random.Random, before: list[Row]) -> list[Row]:
    return changed(rows, "order_completed", put("total", str))


@kind(Check.SCHEMA, "order_completed", "total")
def decimal_comma(rows: list[Row], dice: random.Random, before: list[Row]) -> list[Row]:
    return changed(rows, "order_completed", put("total", lambda total: f"{total:.2f}".replace(".", ",")), 0.2, dice)


@kind(Check.DISTRIBUTION, "product_view", "price")
def unit_change(rows: list[Row], dice: random.Random, before: list[Row]) -> list[Row]:
    return changed(rows, "product_view", put("price", lambda price: round(price * 100)))


@kind(Check.DISTRIBUTION, "add_to_cart", "value")
def currency_change(rows: list[Row], dice: random.Random, before: list[Row]) -> list[Row]:
    return changed(rows, "add_to_cart", put("value", lambda value: round(value * 11.4, 2)), 0.3, dice)


@kind(Check.UNIQUENESS, "page_view")
def duplicate_file(rows: list[Row], dice: random.Random, before: list[Row]) -> list[Row]:
    return rows + again(rows, "again")


@kind(Check.UNIQUENESS, "order_completed", "order_id")
def repeated_order(rows: list[Row], dice: random.Random, before: list[Row]) -> list[Row]:
    orders = [one for one in rows if one["name"] == "order_completed"]
    later = [{**one, "occurred_at": one["occurred_at"] - 1000} for one in dice.sample(orders, len(orders) // 4)]
    return rows + again(later, "retry")


@kind(Check.TIMING, "page_view")
def late_day(rows: list[Row], dice: random.Random, before: list[Row]) -> list[Row]:
    moved = [{**one, "received_at": one["received_at"] - one["received_at"] % DAY_US + DAY_US + 3} for one in before]
    return rows + again(moved, "late")


@kind(Check.FRESHNESS, "*")
def stopped_at_noon(rows: list[Row], dice: random.Random, before: list[Row]) -> list[Row]:
    return [one for one in rows if one["received_at"] % DAY_US < 12 * HOUR_US]


@kind(Check.FRESHNESS, "*")
def gap_of_five_hours(rows: list[Row], dice: random.Random, before: list[Row]) -> list[Row]:
    return [one for one in rows if not 9 <= one["received_at"] % DAY_US // HOUR_US < 14]


@kind(Check.COMPLETENESS, "order_completed", "total")
def null_flood(rows: list[Row], dice: random.Random, before: list[Row]) -> list[Row]:
    return changed(rows, "order_completed", put("total", lambda total: None), 0.4, dice)


@kind(Check.COMPLETENESS, "$identify", "email")
def trait_lost(rows: list[Row], dice: random.Random, before: list[Row]) -> list[Row]:
    return changed(rows, "$identify", lambda told: {key: value for key, value in told.items() if key != "email"})


@kind(Check.COMPLETENESS, "product_view", "category")
def renamed_property(rows: list[Row], dice: random.Random, before: list[Row]) -> list[Row]:
    return changed(rows, "product_view", lambda told: {key.replace("category", "Category"): value for key, value in told.items()})  # fmt: skip


@kind(Check.SCHEMA, "page_view", "debug")
def new_property(rows: list[Row], dice: random.Random, before: list[Row]) -> list[Row]:
    return changed(rows, "page_view", lambda told: {**told, "debug": True})


@kind(Check.SCHEMA, "order_complete")
def misspelt_event(rows: list[Row], dice: random.Random, before: list[Row]) -> list[Row]:
    return [{**one, "name": "order_complete"} if one["name"] == "order_completed" else one for one in rows]


@kind(Check.VOLUME, "checkout_started")
def event_gone(rows: list[Row], dice: random.Random, before: list[Row]) -> list[Row]:
    return [one for one in rows if one["name"] != "checkout_started"]


@kind(Check.VOLUME, "*")
def volume_drop(rows: list[Row], dice: random.Random, before: list[Row]) -> list[Row]:
    return [one for one in rows if dice.random() < 0.45]


@kind(Check.VOLUME, "page_view")
def bot_traffic(rows: list[Row], dice: random.Random, before: list[Row]) -> list[Row]:
    pages = [one for one in rows if one["name"] == "page_view"]
    bots = [
        {**one, "profile": f"a-9{number:05d}-1", "occurred_at": one["occurred_at"] + number}
        for number, one in enumerate(pages * 2)
    ]
    return rows + [{**one, "event_id": f"bot-{number}"} for number, one in enumerate(bots)]


@kind(Check.TIMING, "product_view")
def clock_shift(rows: list[Row], dice: random.Random, before: list[Row]) -> list[Row]:
    return [{**one, "occurred_at": one["occurred_at"] - HOUR_US} for one in rows]


@kind(Check.TIMING, "session_started")
def epoch_instants(rows: list[Row], dice: random.Random, before: list[Row]) -> list[Row]:
    return [
        {**one, "occurred_at": 0} if one["name"] == "session_started" and dice.random() < 0.3 else one for one in rows
    ]


@kind(Check.FORMAT, "$identify", "name")
def wrong_encoding(rows: list[Row], dice: random.Random, before: list[Row]) -> list[Row]:
    spoilt = "Zoë Müller".encode().decode("latin-1")
    return changed(rows, "$identify", put("name", lambda name: spoilt), 0.3, dice)


@kind(Check.FORMAT, "$identify", "birthday")
def date_format(rows: list[Row], dice: random.Random, before: list[Row]) -> list[Row]:
    return changed(rows, "$identify", put("birthday", lambda day: "/".join(reversed(day.split("-")))), 0.3, dice)


@kind(Check.FORMAT, "$identify", "country")
def lower_case(rows: list[Row], dice: random.Random, before: list[Row]) -> list[Row]:
    return changed(rows, "$identify", put("country", str.lower), 0.4, dice)


@kind(Check.FORMAT, "session_started", "source")
def padded(rows: list[Row], dice: random.Random, before: list[Row]) -> list[Row]:
    return changed(rows, "session_started", put("source", lambda source: source + " "), 0.3, dice)


@kind(Check.FORMAT, "add_to_cart", "product_id")
def blank_ids(rows: list[Row], dice: random.Random, before: list[Row]) -> list[Row]:
    return changed(rows, "add_to_cart", put("product_id", lambda one: ""), 0.1, dice)


@kind(Check.FORMAT, "product_view", "product_id")
def truncated_text(rows: list[Row], dice: random.Random, before: list[Row]) -> list[Row]:
    return changed(rows, "product_view", put("product_id", lambda one: one[:5]))


@kind(Check.DISTRIBUTION, "order_completed", "channel")
def new_category(rows: list[Row], dice: random.Random, before: list[Row]) -> list[Row]:
    return changed(rows, "order_completed", put("channel", lambda one: "web" if one == "site" else one), 0.5, dice)


@kind(Check.DISTRIBUTION, "session_started", "device")
def mix_shift(rows: list[Row], dice: random.Random, before: list[Row]) -> list[Row]:
    return changed(rows, "session_started", put("device", lambda one: "laptop"), 0.6, dice)


@kind(Check.DISTRIBUTION, "$set", "consent.marketing")
def consent_lost(rows: list[Row], dice: random.Random, before: list[Row]) -> list[Row]:
    return changed(rows, "$set", put("consent.marketing", lambda one: False))


@kind(Check.RANGE, "order_completed", "total")
def negative_totals(rows: list[Row], dice: random.Random, before: list[Row]) -> list[Row]:
    return changed(rows, "order_completed", put("total", lambda total: -total), 0.1, dice)


@kind(Check.RANGE, "checkout_started", "value")
def zero_fill(rows: list[Row], dice: random.Random, before: list[Row]) -> list[Row]:
    return changed(rows, "checkout_started", put("value", lambda value: 0), 0.3, dice)


@kind(Check.RANGE, "order_completed", "total")
def overflow(rows: list[Row], dice: random.Random, before: list[Row]) -> list[Row]:
    return changed(rows, "order_completed", put("total", lambda total: 2**31 - 1), 0.03, dice)


@kind(Check.DISTRIBUTION, "product_view", "price")
def rounded(rows: list[Row], dice: random.Random, before: list[Row]) -> list[Row]:
    return changed(rows, "product_view", put("price", round))


@kind(Check.DISTRIBUTION, "add_to_cart", "quantity")
def constant_value(rows: list[Row], dice: random.Random, before: list[Row]) -> list[Row]:
    return changed(rows, "add_to_cart", put("quantity", lambda quantity: 1))


@kind(Check.REFERENCE, "checkout_started", "cart_id")
def orphaned(rows: list[Row], dice: random.Random, before: list[Row]) -> list[Row]:
    return changed(rows, "checkout_started", put("cart_id", lambda cart: f"c-{int(cart[2:]) + 10**9}"), 0.5, dice)


@kind(Check.UNIQUENESS, "page_view")
def one_profile_for_all(rows: list[Row], dice: random.Random, before: list[Row]) -> list[Row]:
    return [{**one, "profile": "undefined"} if dice.random() < 0.3 else one for one in rows]


@kind(Check.UNIQUENESS, "page_view")
def cookies_lost(rows: list[Row], dice: random.Random, before: list[Row]) -> list[Row]:
    return [{**one, "profile": f"{one['profile']}-{dice.random()}"} for one in rows]
