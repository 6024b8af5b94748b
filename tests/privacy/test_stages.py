"""The stages of privacy: who is kept away, whom a shared device does not harm, and what becomes a pseudonym."""

from __future__ import annotations

from typing import Any

import pytest

from coterie.connectors.sources.tracking import ALIAS, Tracked
from coterie.engine.privacy.fields import NAMED
from coterie.identity.rules import Checks, Rules
from coterie.model import IDENTIFY
from coterie.privacy.pseudonyms import Pseudonyms, is_pseudonym
from coterie.privacy.secret import Secret
from coterie.privacy.suppression import Field, Suppression

CHECKS = Checks(Rules())
SECRET = Secret(b"the secret of the tests")
MOVABLE = [kind.kind for kind in CHECKS.rules.kinds if kind.movable]
FIELDS = [
    *(Field(name, kind) for name, kind in NAMED.items()),
    *(Field(kind.kind, kind.kind) for kind in CHECKS.rules.kinds),
    *(Field("customer", "", "shop-"), Field("mail", "email")),
]
LISTED = ("user_id:ada", "email:ada@example.com", "anonymous_id:b1")


def suppression(*keys: str) -> Suppression:
    marks = [SECRET.mark("suppression", key) for key in keys]
    return Suppression(marks, SECRET, CHECKS.key_of, CHECKS.key_of_profile, MOVABLE, FIELDS)


def event(*identifiers: tuple[str, str], name: str = "view", **more: Any) -> Tracked:
    return Tracked("e", name, identifiers, 1, more.pop("properties", {}), **more)


@pytest.mark.parametrize(
    ("identifiers", "left"),
    [
        ((("user_id", "ada"),), None),
        ((("user_id", "bob"),), (("user_id", "bob"),)),
        ((("email", " ADA@example.com "),), None),
        ((("user_id", "new-account"), ("email", "ada@example.com")), None),
        ((("anonymous_id", "b1"),), None),
        ((("user_id", "bob"), ("anonymous_id", "b1")), (("user_id", "bob"),)),
        ((("anonymous_id", "b1"), ("device_id", "d9")), (("device_id", "d9"),)),
        ((("user_id", "ada"), ("anonymous_id", "b2")), None),
    ],
)
def test_who_is_kept_away(identifiers: tuple[tuple[str, str], ...], left: tuple[tuple[str, str], ...] | None) -> None:
    passed = suppression(*LISTED).apply([event(*identifiers)], "test", 1)
    assert [one.identifiers for one in passed.events] == ([] if left is None else [left])
    assert passed.dropped == (left is None)


def test_an_alias_of_somebody_on_the_list_is_dropped() -> None:
    call = event(("user_id", "bob"), name=ALIAS, previous=(("user_id", "ada"), ("anonymous_id", "ada")))
    assert suppression(*LISTED).apply([call], "test", 1).dropped == 1


@pytest.mark.parametrize(
    ("row", "barred"),
    [
        ('{"userId":"ada","event":""}', True),
        ('{"userId":"adam","event":"ada"}', False),
        ('{"userId":"bob","traits":{"email":"ADA@example.com"}}', True),
        ('{"userId":"bob","properties":{"email":"ada@example.com"}}', False),
        ('{"mail":"ada@example.com","at":"odd"}', True),
        ('{"customer":"17","at":"odd"}', True),
        ('{"customer":17,"at":"odd"}', True),
        ('{"customer":170,"at":"odd"}', False),
        ('{"identifiers":[["user_id","ada"]],"name":"view"}', True),
        ('{"anonymousId":"b1"}', True),
        ('{"anonymousId":"b1","userId":"bob"}', False),
        ('{"profile":"email:ada@example.com"}', True),
        ('{"body":"userId ada"}', False),
        ('["ada"]', False),
        ("ada", False),
    ],
)
def test_refused_rows_of_somebody_on_the_list_are_known(row: str, barred: bool) -> None:
    assert suppression(*LISTED, "user_id:shop-17").bars_row(row) == barred


def test_facts_that_name_somebody_on_the_list_are_known() -> None:
    stage = suppression(*LISTED)
    assert stage.bars_fact("ada", {})
    assert stage.bars_fact("email:ada@example.com", {})
    assert stage.bars_fact("bob", {"loser": "ada"})
    assert stage.bars_fact("bob", {"kind": "email", "value": "Ada@Example.com"})
    assert not stage.bars_fact("bob", {"loser": "eve", "kind": "email", "value": "bob@example.com"})


def test_another_secret_knows_nobody() -> None:
    marks = [Secret(b"another one").mark("suppression", key) for key in LISTED]
    stage = Suppression(marks, SECRET, CHECKS.key_of, CHECKS.key_of_profile, MOVABLE)
    assert stage.apply([event(("user_id", "ada"))], "test", 1).dropped == 0


def pseudonyms(fields: dict[str, tuple[str, ...]], *kinds: str) -> Pseudonyms:
    return Pseudonyms(fields, kinds, SECRET, CHECKS.key_of)


def test_who_is_on_the_list_by_a_pseudonym_is_kept_away_by_the_real_value() -> None:
    """Whoever was erased by their user id was known by the pseudonym of their address; the address comes in as it is."""
    hashed = pseudonyms({}, "email")
    mark = SECRET.mark("suppression", CHECKS.key_of("email", hashed.key("email", "ada@example.com")))
    stage = Suppression([mark], SECRET, CHECKS.key_of, CHECKS.key_of_profile, MOVABLE, FIELDS, hashed.key)
    came = [event(("email", "Ada@Example.com")), event(("email", "bob@example.com"))]
    assert [one.identifiers for one in stage.apply(came, "test", 1).events] == [(("email", "bob@example.com"),)]


def test_fields_are_hashed_where_they_were_chosen_and_nowhere_else() -> None:
    stage = pseudonyms({"*": ("context.ip",), "order": ("card",)})
    told = {"context.ip": "10.0.0.1", "card": "4111", "total": 12}
    order, view = event(("user_id", "a"), name="order", properties=told), event(("user_id", "a"), properties=told)
    stage.apply([order, view], "test", 1)
    assert order.properties["total"] == 12
    assert is_pseudonym(str(order.properties["card"]))
    assert view.properties["card"] == "4111"
    assert order.properties["context.ip"] == view.properties["context.ip"] != "10.0.0.1"
    assert told["card"] == "4111", "events of one request may share their properties"


@pytest.mark.parametrize(
    "value",
    [
        "p_ada.lovelace.1815.12.10.london.", "p_0123456789abcdef0123456789abcdeF", "+999 47 123 45 678 900 000",
        "p_0123456789abcdef0123456789abcdef@example.com", "p_0123456789abcdef0123456789abcdef\n",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_pseudonym_becomes_one(value: str) -> None:
    one = event(("user_id", "a"), properties={"card": value})
    pseudonyms({"*": ("card",)}).apply([one], "test", 1)
    assert one.properties["card"] != value
    assert is_pseudonym(str(one.properties["card"]))


def test_identifiers_stay_identifiers_and_meet_as_before() -> None:
    stage = pseudonyms({}, "email", "phone")
    one = event(("user_id", "a"), ("email", "Ada@Example.com"), name=IDENTIFY, properties={"email": "Ada@Example.com"})
    other = event(("email", " ada@example.com"), ("phone", "+47 123 45 678"))
    stage.apply([one, other], "test", 1)
    assert one.identifiers[0] == ("user_id", "a")
    assert one.identifiers[1] == other.identifiers[0]
    assert one.properties["email"] == one.identifiers[1][1]
    for kind, value in (*one.identifiers, *other.identifiers):
        assert CHECKS.flaw_of(kind, CHECKS.key_of(kind, value)) == ""
    assert "example" not in repr((one, other))


def test_hashing_twice_changes_nothing() -> None:
    stage = pseudonyms({"*": ("mail",)}, "email", "phone")
    one = event(("email", "ada@example.com"), ("phone", "+4712345678"), properties={"mail": "x", "list": ["x"]})
    stage.apply([one], "test", 1)
    before = one.identifiers, dict(one.properties)
    stage.apply([one], "test", 1)
    assert (one.identifiers, one.properties) == before


def test_numbers_lists_and_nothing_are_hashed_as_what_they_are() -> None:
    stage = pseudonyms({"*": ("a", "b", "c", "d")})
    one = event(("user_id", "a"), properties={"a": 17, "b": ["x", 2], "c": None, "d": ""})
    stage.apply([one], "test", 1)
    assert is_pseudonym(str(one.properties["a"]))
    assert all(is_pseudonym(str(item)) for item in one.properties["b"])  # type: ignore[union-attr]
    assert (one.properties["c"], one.properties["d"]) == (None, "")
