"""What becomes of events that break a plan."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.taxonomy.checker import Checker
from coterie.taxonomy.stage import NAMES_MAX, OTHERS, PlanStage
from coterie.taxonomy.validation import validator_of
from coterie.taxonomy.violation import KINDS
from tests.taxonomy.plans import GOOD, ORDER, event, plan

WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"total": "12"}, "wrong type", "total"),
    ({"lines": 1.5}, "wrong type", "lines"),
    ({"gift": 1}, "wrong type", "gift"),
    ({"currency": "SEK"}, "value not allowed", "currency"),
    ({"order_id": "1"}, "wrong pattern", "order_id"),
    ({"email": "ada"}, "wrong format", "email"),
    ({"total": -1}, "out of range", "total"),
    ({"lines": 101}, "out of range", "lines"),
    ({"skus": ["a", 1]}, "broken rule", "skus"),
    ({"coupon": "X"}, "unknown property", "coupon"),
    ({"total": None}, "missing property", "total"),
]


@pytest.mark.parametrize(("change", "kind", "name"), WRONG, ids=[f"{kind}:{name}" for _, kind, name in WRONG])
def test_every_kind_of_violation_is_told(change: dict[str, Any], kind: str, name: str) -> None:
    passed = PlanStage(plan()).apply([event(**GOOD | change)], "web", 7)
    assert [(one.kind, one.event, one.property, one.source, one.at) for one in passed.remarks] == [
        (kind, "order_completed", name, "web", 7)
    ]
    assert kind in KINDS
    assert [one.properties for one in passed.events] == [GOOD | change]


def test_an_event_as_planned_is_left_alone() -> None:
    events = [event(**GOOD), event(**GOOD | {"gift": None, "context.locale": "nb"}), event("$identify", plan="pro")]
    passed = PlanStage(plan()).apply(events, "web", 7)
    assert passed.events is events
    assert not passed.remarks
    assert not passed.refused


def test_properties_that_are_wrong_are_dropped_and_others_stay() -> None:
    one = event(**GOOD | {"currency": "SEK", "coupon": "X"})
    before = one.properties
    policy = "on_violation: drop\non_unknown_property: allow\n"
    passed = PlanStage(plan(ORDER, policy=policy)).apply([one], "web", 7)
    assert passed.events[0].properties == {name: value for name, value in GOOD.items() if name != "currency"} | {
        "coupon": "X"
    }
    assert before["currency"] == "SEK"  # events of one request may share their properties
    assert [one.kind for one in passed.remarks] == ["value not allowed"]


def test_a_wrong_address_that_is_dropped_identifies_nobody() -> None:
    text = "event: $identify\nproperties:\n  email: {type: string, format: email}\n  user_id: {type: integer}\n"
    one = event("$identify", email="n/a")
    one.identifiers = (("user_id", "ada"), ("email", "n/a"))
    PlanStage(plan(text, policy="on_violation: drop\n")).apply([one], "web", 7)
    assert (one.properties, one.identifiers) == ({}, (("user_id", "ada"),))


def test_names_that_senders_make_up_are_counted_together() -> None:
    stage = PlanStage(plan())
    events = [event(f"dance {n}") for n in range(2000)] + [event(**GOOD | {f"p{n}": 1}) for n in range(2000)]
    counts = Counter((one.kind, one.event) for one in stage.apply(events, "web", 7).remarks)
    assert sum(counts.values()) == 2 * (NAMES_MAX + 1)
    again = stage.apply(events, "web", 7).remarks
    assert sum(one.count for one in again) == 4000
    assert {one.count for one in again if OTHERS in (one.event, one.property)} == {2000 - NAMES_MAX}


def test_events_that_are_wrong_wait_in_quarantine_with_every_reason() -> None:
    policy = "on_violation: quarantine\n"
    events = [event(**GOOD), event(**GOOD | {"total": "12", "lines": 0}, id="e2")]
    passed = PlanStage(plan(ORDER, policy=policy)).apply(events, "web", 7)
    assert [one.id for one in passed.events] == ["e1"]
    assert [(one.event.id, one.reason) for one in passed.refused] == [("e2", "tracking plan: wrong type")]
    assert passed.refused[0].detail == (
        'order_completed: total: "12"; allowed: number, minimum 0; order_completed: lines: 0; allowed: integer, minimum 1, maximum 100'
    )  # fmt: skip
    assert sum(one.count for one in passed.remarks) == 2


def test_unknown_events_follow_the_policy() -> None:
    for word, left, counted in (("allow", 1, 0), ("flag", 1, 1), ("quarantine", 0, 1)):
        passed = PlanStage(plan(ORDER, policy=f"on_unknown_event: {word}\n")).apply([event("dance")], "web", 7)
        assert (len(passed.events), len(passed.remarks), len(passed.refused)) == (left, counted, 1 - left)


def test_the_nearest_word_about_a_source_counts() -> None:
    policy = "on_violation: quarantine\nsources:\n  till: {on_violation: flag}\n  'old-*': {on_violation: allow}\n"
    own = ORDER + "sources:\n  old-app: {on_violation: drop}\n"
    stage = PlanStage(plan(own, policy=policy), lambda source: (source, "old-shop") if source == "k_1" else (source,))
    found = {}
    for source in ("web", "till", "old-app", "old-till", "k_1"):
        passed = stage.apply([event(**GOOD | {"lines": 0})], source, 7)
        found[source] = (
            len(passed.refused),
            len(passed.remarks),
            "lines" in (passed.events or [event()])[0].properties,
        )
    assert found == {
        "web": (1, 1, False), "till": (0, 1, True), "old-app": (0, 1, False), "old-till": (0, 0, True),
        "k_1": (0, 0, True),
    }  # fmt: skip


def test_personal_values_are_never_shown() -> None:
    policy = "on_violation: quarantine\n"
    passed = PlanStage(plan(ORDER, policy=policy)).apply([event(**GOOD | {"email": "ada@"})], "web", 7)
    assert "ada" not in passed.refused[0].detail + passed.remarks[0].sample
    assert passed.remarks[0].sample == '"a@"'


def test_deprecated_things_are_counted_and_let_pass() -> None:
    text = ORDER + "deprecated: true\n"
    passed = PlanStage(plan(text, policy="on_violation: quarantine\n")).apply([event(**GOOD)], "web", 7)
    assert (len(passed.events), [one.kind for one in passed.remarks]) == (1, ["deprecated"])


def test_what_is_required_is_missed_though_it_is_deprecated() -> None:
    text = "event: e\nproperties:\n  a: {type: string, required: true, deprecated: true}\n"
    checker = Checker(plan(text).events["e"])
    found = [[one.kind for one in checker.violations(told)] for told in ({}, {"a": None}, {"a": "x"}, {"a": 1})]
    assert found == [["missing property"], ["missing property"], ["deprecated"], ["deprecated", "wrong type"]]


def test_rules_between_properties() -> None:
    text = ORDER + "schema: {dependentRequired: {gift: [currency]}}\n"
    checker = Checker(plan(text).events["order_completed"])
    assert checker.holds(GOOD)
    without = {name: value for name, value in GOOD.items() if name != "currency"}
    assert [one.kind for one in checker.violations(without)] == ["broken rule"]
    assert not checker.holds(without)
    assert [one.kind for one in checker.violations(GOOD | {"currency": None})] == ["broken rule"]
    assert not checker.holds(GOOD | {"currency": None})


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 102), st.sampled_from([0.5, 1.0, 1e16, -0.0, 99.9]),
    st.sampled_from(["o-1", "NOK", "EUR", "a@b.no", "", "x"]), st.lists(st.sampled_from(["a", 1, None]), max_size=2),
)  # fmt: skip
NAMES = st.sampled_from([*GOOD, "email", "coupon", "context.locale"])


@given(st.dictionaries(NAMES, VALUES), st.booleans())
def test_the_quick_look_says_what_the_close_one_does(properties: dict[str, Any], based: bool) -> None:
    told = GOOD | properties if based else properties
    one = plan().events["order_completed"]
    checker = Checker(one)
    found = checker.violations(told)
    assert not (checker.holds(told) and found)
    assert checker.holds(told) or found or None in told.values()
    there = {name: value for name, value in told.items() if value is not None}
    by_schema = {
        str(error.instance_path[0]) if error.instance_path else ""
        for error in validator_of(one.json_schema()).iter_errors(there)
    }
    known = {one.property for one in found if one.kind not in ("missing property", "unknown property")}
    assert by_schema - {""} == known
    assert ("" in by_schema) == any(one.kind == "missing property" for one in found)
