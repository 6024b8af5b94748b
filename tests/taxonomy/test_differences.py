"""What breaks senders, and what does not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from coterie.taxonomy.checker import Checker
from coterie.taxonomy.differences import Difference, differences, is_quiet
from coterie.taxonomy.event import EventPlan
from coterie.taxonomy.plan import TrackingPlan
from coterie.taxonomy.property import Property
from tests.taxonomy.plans import ORDER, plan

CHANGES: list[tuple[str, str, str, bool]] = [
    ("gift: {type: boolean}", "gift: {type: [boolean, string]}", "type widened", False),
    ("gift: {type: boolean}", "gift: {type: string}", "type narrowed", True),
    ("total: {type: number, minimum: 0", "total: {type: integer, minimum: 0", "type narrowed", True),
    ("lines: {type: integer, ", "lines: {type: number, ", "type widened", False),
    ("enum: [NOK, EUR]", "enum: [EUR]", "enum narrowed", True),
    ("enum: [NOK, EUR]", "enum: [NOK, EUR, SEK]", "enum widened", False),
    ("maximum: 100", "maximum: 99", "maximum narrowed", True),
    ("maximum: 100", "maximum: 101", "maximum widened", False),
    ("minimum: 1,", "minimum: 2,", "minimum narrowed", True),
    ('pattern: "^o-[0-9]+$"', 'pattern: "^o-[0-9]*$"', "pattern changed", True),
    (', pattern: "^o-[0-9]+$"', "", "pattern removed", False),
    ("gift: {type: boolean}", "gift: {type: boolean, required: true}", "required now", True),
    ("total: {type: number, minimum: 0, required: true}", "total: {type: number, minimum: 0}", "no longer required", False),
    ("  gift: {type: boolean}\n", "", "property removed", True),
    ("  gift: {type: boolean}\n", "  gift: {type: boolean}\n  coupon: {type: string}\n", "property added", False),
    ("  gift: {type: boolean}\n", "  gift: {type: boolean}\n  shop: {type: string, required: true}\n", "required property added", True),
    ("pii: direct", "pii: indirect", "pii changed", False),
    ("A paid order.", "An order.", "description changed", False),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "what", "breaking"), CHANGES, ids=[what for _, _, what, _ in CHANGES])
def test_every_change_is_told_and_judged(before: str, after: str, what: str, breaking: bool) -> None:
    assert before in ORDER
    (found,) = differences(plan(ORDER), plan(ORDER.replace(before, after)))
    assert (found.what, found.breaking, found.announced) == (what, breaking, False)
    (back,) = differences(plan(ORDER.replace(before, after).replace("version: 2", "version: 1")), plan(ORDER))[1:]
    assert back.announced is back.breaking


def test_events_that_come_and_go() -> None:
    two = "event: dance\ndeprecated: true\n"
    assert [(one.event, one.what, one.breaking) for one in differences(plan(ORDER), plan(ORDER, two))] == [
        ("dance", "event added", False)
    ]
    gone = differences(plan(ORDER, two), plan(ORDER))
    assert gone == [Difference(event="dance", what="event removed", breaking=True, announced=True)]
    assert not differences(plan(ORDER, two), plan(ORDER, policy="on_unknown_event: allow\n"))[1].breaking


def test_words_about_events_are_quiet() -> None:
    found = differences(
        plan(ORDER), plan(ORDER.replace("owner: checkout", "owner: web").replace("version: 2", "version: 3"))
    )
    assert [is_quiet(one) for one in found] == [True, True]


_BOUND = st.one_of(st.none(), st.integers(0, 3))
_TYPES = st.one_of(
    st.none(), st.sampled_from(["string", "number", "integer", "boolean"]), st.just(("integer", "string"))
)


@st.composite
def properties(draw: st.DrawFn) -> Property:
    """A property of bounds, lengths, enumerations and types that may not even fit each other."""
    enum = draw(st.one_of(st.none(), st.lists(st.sampled_from([1, 2, "a", "ab", True]), min_size=1, max_size=3)))
    return Property(
        type=draw(_TYPES), required=draw(st.booleans()), enum=None if enum is None else tuple(enum),
        minimum=draw(_BOUND), maximum=draw(_BOUND), exclusiveMinimum=draw(_BOUND), minLength=draw(_BOUND),
        maxLength=draw(_BOUND), pattern=draw(st.sampled_from([None, "^a", "b"])),
    )  # fmt: skip


VALUES: list[Any] = [None, 0, 1, 2, 3, 1.5, "", "a", "ab", "abcd", True, False]


def _plan(one: Property) -> TrackingPlan:
    return TrackingPlan.of([EventPlan(event="e", properties={"p": one})])


FIELDS = ("type", "required", "enum", "minimum", "maximum", "exclusiveMinimum", "minLength", "maxLength", "pattern")


@settings(max_examples=1000, deadline=None)
@given(properties(), properties(), st.sets(st.sampled_from(FIELDS), min_size=1, max_size=2))
def test_what_is_not_breaking_breaks_nothing(old: Property, other: Property, changed: set[str]) -> None:
    new = replace(old, **{name: getattr(other, name) for name in changed})
    before, after = _plan(old), _plan(new)
    if any(one.breaking for one in differences(before, after)):
        return
    was, now = Checker(before.events["e"]), Checker(after.events["e"])
    for value in VALUES:
        if not was.violations({"p": value}):
            assert not now.violations({"p": value}), (value, old, new)
    if not was.violations({}):
        assert not now.violations({})
