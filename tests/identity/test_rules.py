"""Kinds of identifiers: what is written how, what is nobody's, what settings may say."""

from __future__ import annotations

import pytest
import yaml

from coterie.errors import InvalidDefinition
from coterie.identity.matching.fields import matching_of
from coterie.identity.rules import KINDS, Checks, Rules, rules_of
from tests.docs.blocks import ROOT, blocks

CHECKS = Checks(Rules())


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *(
            ("user_id", value)
            for value in ("", "null", "NULL", "undefined", "0", "-1", "0000", "None", "n/a", "xxx", "[object Object]")
        ),
        ("anonymous_id", "11111111"),
        ("anonymous_id", "${anonymousId}"),
        ("user_id", "{{user.id}}"),
        ("user_id", "%USERID%"),
        ("advertising_id", "00000000-0000-0000-0000-000000000000"),
        ("email", "Test@Test.com"),
        ("email", "ada"),
        ("email", "@example.com"),
        ("phone", "none given"),
        ("crm", "unknown"),
    ],
)
def test_values_that_are_nobodys(kind: str, value: str) -> None:
    assert CHECKS.flaw_of(kind, CHECKS.key_of(kind, value)) == "blocked"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("user_id", "1111"),
        ("user_id", "0x1f"),
        ("user_id", "1"),
        ("user_id", "aa"),
        ("email", "a@b"),
        ("phone", "112"),
        ("crm", "1"),
    ],
)
def test_values_that_are_somebodys(kind: str, value: str) -> None:
    assert CHECKS.flaw_of(kind, CHECKS.key_of(kind, value)) == ""


def test_equal_identifiers_are_written_alike() -> None:
    for kind, one, other in (
        ("email", "Ada@Example.com ", "ada@example.com"),
        ("phone", "+47 (12) 34-56-78", "0047 12345678"),
        ("user_id", " ada", "ada"),
    ):
        assert CHECKS.key_of(kind, one) == CHECKS.key_of(kind, other)


def test_names_of_profiles_and_identifiers_go_back_and_forth() -> None:
    for kind, value in (
        ("user_id", "ada"),
        ("user_id", "email:x"),
        ("user_id", "google:1"),
        ("email", "a@b"),
        ("google", "1"),
        ("user_id", "external:google:1"),
    ):
        key = CHECKS.key_of(kind, value)
        assert CHECKS.identifier_of(key) == (kind, value)
        assert CHECKS.key_of_profile(CHECKS.profile_of(key)) == key
    assert CHECKS.profile_of(CHECKS.key_of("user_id", "google:1")) == "google:1"
    assert CHECKS.profile_of(CHECKS.key_of("google", "1")) == "external:google:1"


def test_long_and_unknown_identifiers() -> None:
    assert CHECKS.flaw_of("user_id", "user_id:" + "ab" * 129) == "too_long"
    assert CHECKS.flaw_of("Crm Id", CHECKS.key_of("Crm Id", "7")) == "unknown_kind"
    strict = Checks(rules_of({"unknown_kinds": "refuse"}))
    assert strict.flaw_of("crm", strict.key_of("crm", "7")) == "unknown_kind"


def test_settings_change_what_they_say() -> None:
    rules = rules_of(
        {"kinds": ["user_id", {"kind": "email", "limit": 2}, {"kind": "badge", "movable": True}], "blocked": ["Nobody"]}
    )
    assert [kind.kind for kind in rules.kinds] == ["user_id", "email", "badge"]
    assert (rules.kinds[1].limit, rules.kinds[1].normal, rules.kinds[2].limit) == (2, "lower", None)
    assert Checks(rules).flaw_of("user_id", "user_id:nobody") == "blocked"
    assert rules_of(None) == rules_of({}) == Rules(kinds=KINDS)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        ([], "mapping"),
        ({"kind": []}, "did you mean 'kinds'"),
        ({"kinds": ["email"]}, "user_id comes first"),
        ({"kinds": ["user_id", "user_id"]}, "named twice"),
        ({"kinds": ["user_id", "E-Mail"]}, "not a name"),
        ({"kinds": ["user_id", "external"]}, "not a name"),
        ({"kinds": ["user_id", {"kind": "email", "limit": 0}]}, "at least 1"),
        ({"kinds": ["user_id", {"kind": "email", "limits": 2}]}, "did you mean 'limit'"),
        ({"kinds": ["user_id", {"kind": "email", "limit": "two"}]}, "int"),
        ({"kinds": ["user_id", 7]}, "a kind is its name"),
        ({"blocked_patterns": ["("]}, "RE2"),
        ({"unknown_kinds": "maybe"}, "maybe"),
        ({"matching": {"accept": 1}}, "accept"),
    ],
)
def test_mistakes_are_told(data: object, word: str) -> None:
    with pytest.raises(InvalidDefinition) as told:
        rules_of(data)
    assert word in str(told.value)


def test_what_the_page_shows_is_valid() -> None:
    shown = [
        yaml.safe_load(one.text)["identity"] for one in blocks(ROOT / "docs" / "identity.md") if one.language == "yaml"
    ]
    assert [kind.kind for kind in rules_of(shown[0]).kinds] == [
        "user_id",
        "email",
        "crm_id",
        "kiosk_id",
        "anonymous_id",
    ]
    assert matching_of(shown[1]["matching"]).accept_above == 0.999
    page = (ROOT / "docs" / "identity.md").read_text(encoding="utf-8")
    for kind in KINDS:
        limit = "any number" if kind.limit is None else kind.limit
        assert f"| `{kind.kind}` | {limit} | {'yes' if kind.movable else 'no'} |" in page
