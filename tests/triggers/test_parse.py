"""Trigger files: every problem at once, where it stands, and what was probably meant. And sentences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from coterie.errors import InvalidDefinition
from coterie.segments.parse import data_of
from coterie.triggers.parse import load, parse, parse_text, strangers
from tests.triggers.world import trigger

WRONG = """\
key: Cart Recovery
when: {entred: at-risk}
destinaton: mail
consent: {purpose: marketing, default: maybe}
frequency: {at_most: 0, per: 1 week}
quiet_hours: {from: "25:00", to: "08:00"}
holdout: "100%"
reentry: sometimes
priority: 11
gather:
  cart: {event: add_to_cart, within: 30, same: cart_id}
"""


def test_every_problem_is_told_with_its_line_and_the_word_that_was_meant() -> None:
    with pytest.raises(InvalidDefinition) as told:
        parse_text(WRONG, "triggers/cart.yaml")
    said = str(told.value)
    for part in (
        "cart.yaml:1: key: not a trigger key", "write cart-recovery", "cart.yaml:2: when.entred: unknown key",
        "did you mean 'entered'?", "cart.yaml:3: destinaton", "did you mean 'destination'?",
        "cart.yaml:4: consent.default: not one of the allowed words", "cart.yaml:5: frequency.at_most: out of range",
        "cart.yaml:5: frequency.per: not a duration", "write 1w", "cart.yaml:6: quiet_hours.from: not a time of day",
        "cart.yaml:7: holdout: not a share", "cart.yaml:8: reentry", "cart.yaml:9: priority: out of range",
        "cart.yaml:11: gather.cart.within: wrong type", "add a unit, such as 30d",
    ):  # fmt: skip
        assert part in said, f"{part}\n\n{said}"


@pytest.mark.parametrize(("fields", "word"), [
    ({"when": {"entered": "a", "exited": "b"}}, "exclude each other"),
    ({"when": {}}, "one of entered, exited, event, like"),
    ({"when": {"entered": "a", "where": {"x": 1}}}, "without an event"),
    ({"when": {"entered": "a"}, "key_by": "cart_id"}, "no properties"),
    ({"when": {"event": "a"}, "cancel_if_left": True}, "nobody entered"),
    ({"when": {"exited": "a"}, "existing": True}, "only a segment has members"),
    ({"gather": {"cart": {"event": "x", "same": "cart_id"}}}, "has no key"),
    ({"quiet_hours": {"from": "08:00", "to": "08:00"}}, "begin and end at once"),
    ({"if": {}}, "one of in_segment, not_in_segment"),
    ({"causes": ["evnt"]}, "did you mean 'event'?"),
    ({"holdout": {"percent": 10}}, "write salt:"),
])  # fmt: skip
def test_rules_between_fields(fields: dict[str, Any], word: str) -> None:
    with pytest.raises(InvalidDefinition) as told:
        trigger(**fields)
    assert word in str(told.value), str(told.value)


def test_a_folder_is_read_as_a_whole(tmp_path: Path) -> None:
    assert load(tmp_path / "triggers") == []
    good = "key: {key}\nwhen: {{entered: at-risk}}\ndestination: mail\n"
    (tmp_path / "b.yaml").write_text(good.format(key="b"))
    (tmp_path / "a.yml").write_text(good.format(key="a"))
    (tmp_path / "c.json").write_text('{"key": "c", "when": {"event": "x"}, "destination": "mail"}')
    (tmp_path / "notes.txt").write_text("nothing")
    assert [one.key for one in load(tmp_path)] == ["a", "b", "c"]
    (tmp_path / "d.yaml").write_text(good.format(key="e"))
    (tmp_path / "f.yaml").write_bytes(b"\xff")
    (tmp_path / "a.yaml").write_text(good.format(key="a"))
    with pytest.raises(InvalidDefinition) as told:
        load(tmp_path)
    assert len(told.value.problems) == 3
    for part in ("rename the file to e.yaml", "not UTF-8 text", "two files have this key"):
        assert part in str(told.value)


def test_names_that_nobody_defines_are_told_with_the_nearest() -> None:
    one = trigger(if_={"in_segment": ["at-risk", "byers"]}, destination="shop-mial")
    problems = strangers([one], {"at-risk", "buyers"}, {"shop-mail"})
    assert [(problem.received, problem.hint) for problem in problems] == [
        ("byers", "did you mean 'buyers'?"), ("shop-mial", "did you mean 'shop-mail'?"),
    ]  # fmt: skip


FULL = {
    "key": "cart-recovery", "title": "Cart recovery", "when": {"event": "add_to_cart", "where": {"value": {"at_least": 50}}},
    "if": {"in_segment": "at-risk", "not_in_segment": ["buyers", "staff"]}, "key_by": "cart_id", "delay": "1h",
    "frequency": {"at_most": 1, "per": "7d"}, "cap_per_day": 10_000,
    "quiet_hours": {"from": "21:00", "to": "08:00"}, "consent": "marketing", "holdout": "10%", "priority": 7,
    "destination": "shop-mail", "gather": {"cart": {"event": "add_to_cart", "since": {"event": "order"}, "same": "cart_id"}},
    "content": {"subject": "Your cart", "text": "Hello"}, "sample": {"traits": {"name": "Ada"}},
}  # fmt: skip


def test_what_is_read_can_be_written_again() -> None:
    one = parse(FULL)
    assert data_of(one) == FULL
    assert parse(data_of(one)) == one


@pytest.mark.parametrize(("fields", "sentence"), [
    ({}, "When somebody enters at-risk, inbox is told."),
    ({"when": {"exited": "at-risk"}, "delay": "1d"}, "When somebody leaves at-risk, inbox is told 1 day later."),
    ({"consent": "marketing", "cancel_if_left": True, "holdout": "10%", "existing": True},
     "When somebody enters at-risk, inbox is told: only to those who have given their consent to marketing, not if they"
     " have left it again. 10 % of people are held out. Those who are in it when it starts are met once."),
    ({"reentry": {"after": "30d"}, "frequency": {"at_most": 2, "per": "7d", "across": "all"}},
     "When somebody enters at-risk, inbox is told: again after 30 days at the earliest, at most twice in 7 days together"
     " with all other triggers."),
])  # fmt: skip
def test_sentences(fields: dict[str, Any], sentence: str) -> None:
    assert trigger(**fields).says() == sentence


def test_the_sentence_of_everything() -> None:
    assert parse(FULL).says() == (
        "When somebody does add_to_cart (where value is at least 50) and is in at-risk and not in buyers or staff, shop-mail"
        " is told 1 hour later, once for each cart_id: at most once in 7 days, to at most 10,000 people a day, not between"
        " 21:00 and 08:00 where they live (then it waits for their end), only to those who have given their consent to"
        " marketing. 10 % of people are held out."
    )
