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
        ("zo\u00eb@example.com", "ZO\u00cb@Example.com ".encode(), True),
        ("zo\u00eb@example.com", b"ZO%C3%8B%40example.com", True),
        ("+4791234567", b'{"phone":"+47 912 34 567"}', True),
        ("+4791234567", b"0047 91234567", True),
        ("+4791234567", b"tel:+47-912.34/567;", True),
        ("+4791234567", b'"(+47) 912\\/34 567 (home)"', True),
        ("+4791234567", b"?p=%2B47%20912%2034+567&x", True),
        ("+4791234567", "+47\u00a0912\u202f34\u00a0567".encode(), True),
        ("+4791234567", b'"+47\\u00a0912 34567"', True),
        ("+442079460018", b"+44 (0)20 7946 0018", True),
        ("+4791234567", b"+47 912 34 5678", False),
        ("+4791234567", b"+1 479 123 4567", False),
        ("+4791234567", b'["+47","91234567"]', False),
        ("+4791234567", b'{"phone":"91234567"}', False),
        ("+4791234567", b"50047 91234567", False),
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


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b'{"context":{"externalIds":[{"id":"c003","type":"user_id"}]}}', True),
        (b'{"body":"{\\"externalIds\\":[{\\"type\\":\\"x\\",\\"id\\":\\"c0031\\"},{\\"id\\":\\"c003\\"}]}"}', True),
        (b'{"externalIds":[{"id":"c003","type":"x"},{"id":"c0031","type":"x"}]}', True),
        (b'{"externalIds":[{"id":"c0031","type":"user_id"}],"id":"c003"}', False),
        (b'{"items":[{"id":"c003"}]}', False),
        (b'{"kind":"userId","value":"c003"}', True),
        (b'{"kind":"userId","value":"c0031"}', False),
        (b'{"kind":"plan","value":"c003"}', False),
        (b'{"loser":"c003"}', True),
    ],
)
def test_short_texts_are_found_in_lists_and_records_of_identifiers(data: bytes, found: bool) -> None:
    assert Needles(["c003"], (*FIELDS, ("loser", ""))).are_in(data) == found


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b'{"phone":"912 34 567"}', True),
        (b'{"phone": 91234567}', True),
        (b'{"identifiers":[["phone","(0) 912-34567"]]}', True),
        (b'{"externalIds":[{"id":"912 34567","type":"phone"}]}', True),
        (b'{"phone":"912 34 5678"}', False),
        (b'{"phone":"1 912 34 567"}', False),
        (b'{"order":"91234567"}', False),
    ],
)
def test_numbers_without_a_country_are_found_in_fields_of_numbers(data: bytes, found: bool) -> None:
    assert Needles(["+4791234567"], (), (("phone", "91234567"),)).are_in(data) == found


def test_numbers_are_blotted_however_they_are_spelled() -> None:
    needles = Needles(["+4791234567"], (), (("phone", "91234567"),))
    assert needles.blotted("ring 0047 912 34 567 at six", "-") == "ring - at six"
    assert needles.blotted("912 34 567", "-", "phone") == "-"
    assert needles.blotted("912 34 567", "-", "order") == "912 34 567"


def test_thousands_of_numbers_are_looked_for_at_once() -> None:
    needles = Needles(f"+47{n:08d}" for n in range(40_000_000, 40_003_000))
    data = b'{"at":"2024-01-01 12:34:56","phone":"+47 912 34 567"}' * 10_000
    assert needles.found_in(data) == set()
    assert needles.found_in(data + b"0047 400 02 999") == {"+4740002999"}


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
