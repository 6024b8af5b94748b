"""Why a person is in a segment, on what evidence, and what comes next."""

from __future__ import annotations

from typing import Any as AnyType

import pytest

from coterie.limits import DAY_US, HOUR_US
from coterie.model import IDENTIFY, MERGE, Event
from coterie.segments.catalog import Catalog
from coterie.segments.core import (
    NEVER,
    Absent,
    Aggregate,
    All,
    Any,
    AtLeast,
    Compare,
    Elapsed,
    Equals,
    Field,
    Holds,
    InSegment,
    Node,
    Not,
    Order,
    Rolling,
    Selector,
    Sequence,
    Step,
    Trait,
    TraitSince,
)
from coterie.segments.explain import Explanation, explain, says_node, spell

CART, CHECKOUT, ORDER = (Selector(names=(name,)) for name in ("add_to_cart", "checkout_started", "order"))
ABANDONED = Sequence((Step(CART),), None, "", Absent(CHECKOUT, DAY_US))
REGULAR = Compare(Aggregate("count", ORDER, "", Rolling(3 * DAY_US)), ">=", 2)
PRO = Holds(Trait("plan"), Equals("pro"))


def event(id: str, at: int, name: str, /, **properties: AnyType) -> Event:
    return Event(id=id, profile="u", name=name, occurred_at=at, received_at=at, properties=properties)


def asked(node: Node, events: list[Event], at: int, profile: str = "u") -> Explanation:
    return explain(Catalog.of({"s": node}), events, "s", profile, at)


def test_a_member_leaves_by_time_unless_an_event_comes() -> None:
    log = [event("1", 0, "order"), event("2", HOUR_US, "order")]
    told = asked(REGULAR, log, DAY_US)
    assert told.member
    assert told.next_change == 3 * DAY_US
    assert told.unless == ("order",)
    assert told.outlook == "Leaves in 2 d (1970-01-04T00:00:00Z) unless order comes first."
    (leaf,) = told.leaves
    assert (leaf.holds, leaf.value, leaf.measured) == (True, 2, "2, asked ≥ 2")
    assert [one.event_id for one in leaf.counted] == ["1", "2"]


def test_a_cart_is_about_to_be_abandoned() -> None:
    told = asked(ABANDONED, [event("1", 0, "add_to_cart")], 21 * HOUR_US)
    assert not told.member
    assert told.unless == ("checkout_started",)
    assert told.outlook == "Enters in 3 h (1970-01-02T00:00:00Z) unless checkout_started comes first."


def test_an_abandoned_cart_is_left_by_its_checkout_at_any_time() -> None:
    told = asked(ABANDONED, [event("1", 0, "add_to_cart")], 30 * HOUR_US)
    assert told.member
    assert (told.next_change, told.unless, told.triggers) == (None, (), ("checkout_started",))
    assert told.outlook == "Stays in as time passes; leaves as soon as checkout_started comes."


def test_the_imagined_event_carries_the_properties_that_are_asked_for() -> None:
    big = Selector(names=("order",), where=(Field("total", Order(">=", 100)), Field("gift", Equals(True), negate=True)))
    told = asked(Compare(Aggregate("count", big), ">=", 1), [event("1", 0, "order", total=9)], 5)
    assert len(told.triggers) == 1
    assert told.outlook.startswith("Stays out as time passes; enters as soon as order (where total is at least 100")
    cart = Sequence((Step(CART),), None, "cart", Absent(CHECKOUT, DAY_US))
    assert asked(cart, [event("1", 0, "add_to_cart", cart=7)], HOUR_US).unless == ("checkout_started",)


def test_a_trait_that_is_held_can_change() -> None:
    held = All((PRO, Compare(Elapsed(TraitSince("plan")), ">=", float(7 * DAY_US))))
    told = asked(held, [event("1", 0, IDENTIFY, plan="pro")], 5 * DAY_US)
    assert told.unless == ("a change of plan",)
    assert told.leaves[0].measured == '"pro"'
    assert told.leaves[1].measured == "5 d, asked ≥ 7 d"
    assert told.leaves[1].counted[0].name == IDENTIFY


def test_missing_values_are_said_so() -> None:
    node = Any(
        (PRO, Compare(Elapsed(Trait("born")), ">=", 1.0), Compare(Aggregate("count", ORDER), "<", Trait("limit")))
    )
    told = asked(node, [event("1", 0, "order")], 9)
    assert [leaf.measured for leaf in told.leaves] == ["missing", "missing", "1, asked < limit = missing"]
    assert told.outlook == "Stays out as time passes."


def test_the_unknown_and_the_absorbed_have_no_leaves() -> None:
    log = [event("1", 0, "order"), event("2", 5, MERGE, loser="v")]
    nobody = asked(REGULAR, log, 9, "stranger")
    assert (nobody.known, nobody.leaves, nobody.outlook) == (False, (), "Nothing is known of stranger by then.")
    loser = asked(REGULAR, log, 9, "v")
    assert (loser.canonical, loser.outlook) == ("u", "v was merged into u: ask about u.")
    assert asked(REGULAR, log, 4, "v").canonical == "v"


def test_the_text_shows_the_definition_the_leaves_and_the_evidence() -> None:
    told = explain(Catalog.of({"s": REGULAR}), [event("1", 0, "order")], "s", "u", 5, sentence="Regulars.")
    assert told.text().splitlines() == [
        "u is not in s (version 1) at 1970-01-01T00:00:00.000005Z.",
        "Regulars.",
        "  ✗ did order at least twice in the last 3 days (1, asked ≥ 2)",
        "      1970-01-01T00:00:00Z  order  1",
        "Stays out as time passes; enters as soon as order comes.",
    ]


def test_a_leaf_inside_not_is_told_as_its_opposite() -> None:
    told = asked(All((PRO, Not(Any((REGULAR, Not(PRO)))))), [event("1", 0, IDENTIFY, plan="pro")], 5)
    assert told.member
    assert [leaf.holds for leaf in told.leaves] == [True, True, True]
    assert [leaf.description.startswith("not: ") for leaf in told.leaves] == [False, True, False]


def test_a_reference_shows_what_it_rests_on() -> None:
    catalog = Catalog.of({"s": Not(InSegment("regulars")), "regulars": REGULAR})
    told = explain(catalog, [event("1", 0, "order")], "s", "u", 5)
    assert told.text().splitlines()[2:-1] == [
        "  ✓ not: is in the segment regulars",
        "      ✗ did order at least twice in the last 3 days (1, asked ≥ 2)",
        "          1970-01-01T00:00:00Z  order  1",
    ]
    assert told.triggers == ("order",)


def test_nodes_in_words() -> None:
    assert says_node(All((PRO, Any((PRO, Not(PRO)))))) == 'plan is "pro" and (plan is "pro" or not (plan is "pro"))'
    assert says_node(AtLeast(1, (PRO, InSegment("x")))) == 'at least 1 of: plan is "pro"; is in the segment x'
    assert (says_node(All(())), says_node(NEVER)) == ("everyone", "no one")


@pytest.mark.parametrize(
    ("duration", "said"),
    [
        (2 * DAY_US + 3 * HOUR_US, "2 d 3 h"),
        (2 * DAY_US + 59_000_000, "2 d"),
        (90_000_000, "1 min 30 s"),
        (HOUR_US, "1 h"),
        (1, "1e-06 s"),
    ],
)
def test_durations_in_two_units(duration: int, said: str) -> None:
    assert spell(duration) == said
