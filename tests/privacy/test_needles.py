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
