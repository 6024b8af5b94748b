"""Needles: what is found in values and bytes, and what is not."""

from __future__ import annotations

import pytest

from coterie.privacy.needles import Needles


@pytest.mark.parametrize(
    ("text", "data", "found"),
    [
        ("ada@example.com", b'{"to":"Ada@Example.COM"}', True),
        ("ada@example.com", b"\x00\x1fada@example.com\x04free", True),
        ("ada@example.com", b"ada@example.org", False),
        ("12345678", b'"12345678"', True),
        ("12345678", b"1712345678000", False),
        ("12345678", b"x12345678", False),
        ("1234567890", b"1234567890", True),
        ("b/9f3c77", b'"b\\/9f3c77"', True),
        ("zo\u00eb@example.com", b'"zo\\u00eb@example.com"', True),
        ("zo\u00eb@example.com", "zo\u00eb@example.com".encode(), True),
        ("ada", b"ada", False),
        ("user-1", b'{"id":"user-17"}', False),
        ("user-1", b"superuser-1", False),
        ("user-1", b'{"id":"user-1"}', True),
        ("u-20931", b"order:u-20931:17 u-20931_b", True),
        ("ada@example.com", b"linda@example.com, jada@example.com", False),
        ("ada@example.com", b"j.ada@example.com ada@example.com.au", False),
        ("ada@example.com", b"write to ada@example.com.", True),
        ("ada@example.com", b'{"note":"mail:\\nada@example.com"}', True),
        ("ada@example.com", b"https://shop.example/?mail%3Dada%40example.com&x=1", True),
        ("ada+x@example.com", b'"ada\\u002Bx@example.com"', True),
    ],
)
def test_bytes_are_about_somebody_when_a_telling_text_stands_in_them(text: str, data: bytes, found: bool) -> None:
    needles = Needles([text, "unrelated-text"])
    assert needles.found_in(data) == ({text} if found else set())


def test_the_longest_of_two_texts_counts() -> None:
    needles = Needles(["12345678", "1234567890"])
    assert needles.found_in(b" 1234567890 ") == {"1234567890"}
    assert needles.found_in(b" 12345678 ") == {"12345678"}


def test_a_short_text_is_found_as_a_whole_value_only() -> None:
    needles = Needles(["ada", "17"])
    assert needles.are_value("ADA")
    assert needles.are_value("17")
    assert not needles.are_value("170")
    assert not needles.are_in("ada lovelace, 17")


FIELDS = (("customer", ""), ("customer", "shop-"), ("userId", ""), ("data.buyer.id", ""))


@pytest.mark.parametrize(
    ("text", "data", "found"),
    [
        ("c003", b'{"customer":"c003","event":"view"}', True),
        ("c003", b'{"customer" : "C003"}', True),
        ("c003", b'{"body":"{\\"userId\\":\\"c003\\"}"}', True),
        ("c003", b'{"customer":"c0031"}', False),
        ("c003", b'{"identifiers":[["userId","c003"]]}', True),
        ("c003", b'{"identifiers":[["userId","c0031"]]}', False),
        ("c003", b'{"plan":"c003"}', False),
        ("17", b'{"customer": 17}', True),
        ("17", b'{"customer": 170}', False),
        ("17", b'{"total": 17}', False),
        ("shop-17", b'{"customer":"17"}', True),
        ("shop-17", b'{"userId":"17"}', False),
        ("c003", b'{"data.buyer.id":"c003"}', True),
        ("c003", b'{"data":{"buyer":{"age":3,"id":"c003"}}}', True),
        ("c003", b'{"data":{"item":{"id":"c003"}}}', False),
    ],
)
def test_short_texts_are_found_as_whole_values_of_fields_of_identifiers(text: str, data: bytes, found: bool) -> None:
    needles = Needles([text, "unrelated-text"], FIELDS)
    assert needles.are_in(data) == found


def test_a_name_in_another_field_stays_when_a_text_is_blotted() -> None:
    needles = Needles(["c003", "user-1"], FIELDS)
    assert needles.blotted("c003", "-", "userId") == "-"
    assert needles.blotted("c003", "-", "plan") == "c003"
    assert needles.blotted("user-1 and user-17", "-") == "- and user-17"


def test_bytes_without_anything_between_values_may_hold_a_text() -> None:
    needles = Needles(["u-20931"])
    assert needles.may_be_in(b"bob-77u-20931eve-31") == {"u-20931"}
    assert needles.found_in(b"bob-77u-20931eve-31") == set()


def test_blotting_leaves_the_rest_of_a_value() -> None:
    needles = Needles(["zo\u00eb@example.com", "ada"])
    assert (
        needles.blotted("caf\u00e9: Zo\u00eb@example.com, twice zo\u00eb@example.com", "-") == "caf\u00e9: -, twice -"
    )
    assert needles.blotted("ada", "-") == "ada"


def test_thousands_of_texts_are_looked_for_at_once() -> None:
    needles = Needles(f"person-{n:08d}@example.com" for n in range(3_000))
    data = b'{"email":"nobody@example.com"}' * 10_000
    assert needles.found_in(data) == set()
    assert needles.found_in(data + b"person-00002999@example.com") == {"person-00002999@example.com"}
