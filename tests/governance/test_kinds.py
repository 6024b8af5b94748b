"""Every kind of rule: what it makes normal, what it cannot, and that a normal value stays as it is."""

from __future__ import annotations

from typing import Any

import pytest
from email_validator import EmailNotValidError, validate_email

from coterie.errors import InvalidDefinition, Problem
from coterie.governance.kinds.cldr import countries
from coterie.governance.normal import Unfit
from tests.governance.rules import AT, made, why

DAY = 86_400_000_000
CASES: list[tuple[dict[str, Any], Any, Any]] = [
    ({"text": True}, "  Ada \n Lovelace ", "Ada Lovelace"),
    ({"text": True}, "e\u0301", "é"),
    ({"text": "upper"}, "abc", "ABC"),
    ({"text": {"case": "lower", "characters": "NFKC"}}, "ＦＵＬＬ ﬁ", "full fi"),
    ({"number": True}, "1,234.5", 1234.5),
    ({"number": True}, "1e3", 1000),
    ({"number": {"decimal": ","}}, "1 234,50", 1234.5),
    ({"number": {"decimal": ","}}, "-1.234", -1234),
    ({"number": True}, 7, 7),
    ({"boolean": True}, "Yes", True),
    ({"boolean": True}, 0, False),
    ({"boolean": {"yes": ["ja"], "no": ["nein"]}}, "NEIN", False),
    ({"unit": "kg"}, "500 g", 0.5),
    ({"unit": "kg"}, "2,5 kg", 2.5),
    ({"unit": "kg"}, "1 lb", 0.45359237),
    ({"unit": {"to": "kg", "from": "g"}}, 250, 0.25),
    ({"unit": "degC"}, "50 degF", 10),
    ({"unit": "degC"}, "50 °F", 10),
    ({"unit": "cm"}, "1 m", 100),
    ({"unit": "km/h"}, "10 m/s", 36),
    ({"unit": "m²"}, "10000 cm²", 1),
    ({"unit": "day"}, "36 h", 1.5),
    ({"phone": "NO"}, "401 23 456", "+4740123456"),
    ({"phone": "NO"}, "+46 70 123 45 67", "+46701234567"),
    ({"phone": "NO"}, "0046701234567", "+46701234567"),
    ({"email": True}, " Ada@Example.COM ", "ada@example.com"),
    ({"email": True}, "mailto:ada@example.com", "ada@example.com"),
    ({"email": {"tag": "drop"}}, "ada+shop@example.com", "ada@example.com"),
    ({"email": {"dots": "drop", "domains": {"googlemail.com": "gmail.com"}}}, "a.d.a@googlemail.com", "ada@gmail.com"),
    ({"email": {"dots": "drop"}}, "a.d.a@example.com", "a.d.a@example.com"),
    ({"email": True}, "ADA@exämple.de", "ada@exämple.de"),
    ({"country": "alpha-2"}, "Norway", "NO"),
    ({"country": "alpha-2"}, "nor", "NO"),
    ({"country": "alpha-2"}, "578", "NO"),
    ({"country": "alpha-2"}, "UK", "GB"),
    ({"country": "alpha-2"}, "the Netherlands", "NL"),
    ({"country": "alpha-2"}, "Turkey", "TR"),
    ({"country": "alpha-2"}, "Cote d'Ivoire", "CI"),
    ({"country": {"languages": ["ja"]}}, "ガーナ", "GH"),
    ({"country": "alpha-3"}, "de", "DEU"),
    ({"country": "numeric"}, "France", "250"),
    ({"country": {"to": "name", "languages": ["nb", "de"]}}, "Deutschland", "Tyskland"),
    ({"language": "language"}, "en_US", "en"),
    ({"language": "locale"}, "en_us.UTF-8", "en-US"),
    ({"language": "locale"}, "zh-Hant-TW", "zh-TW"),
    ({"language": "language"}, "English", "en"),
    ({"language": "language"}, "norsk bokmål", "nb"),
    ({"language": "language"}, "deu", "de"),
    ({"language": "language"}, "de-DE,de;q=0.9,en;q=0.8", "de"),
    ({"vocabulary": {"terms": {"pro": ["Professional", 2], "free": []}}}, "professional", "pro"),
    ({"vocabulary": {"terms": {"pro": ["Professional", 2], "free": []}}}, 2, "pro"),
    ({"vocabulary": {"file": "colours.csv"}}, " ROT", "red"),
    ({"instant": True}, "2026-01-02T13:00:00+01:00", "2026-01-02T12:00:00Z"),
    ({"instant": {"zone": "Europe/Oslo"}}, "2026-07-02 13:00", "2026-07-02T11:00:00Z"),
    ({"instant": {"zone": "Europe/Oslo", "formats": ["%d.%m.%Y %H:%M"]}}, "02.01.2026 13:00", "2026-01-02T12:00:00Z"),
    ({"instant": {"numbers": "ms"}}, 1_767_355_200_000, "2026-01-02T12:00:00Z"),
    ({"instant": {"to": "date", "zone": "Asia/Tokyo"}}, "2026-01-02T20:00:00Z", "2026-01-03"),
    ({"instant": {"zone": "Europe/Oslo"}}, "2026-01-02", "2026-01-01T23:00:00Z"),
    ({"instant": True}, "2026-01-02T12:00:00.123456789Z", "2026-01-02T12:00:00.123456Z"),
    ({"instant": True}, "2026-01-02T13:00:00+0100", "2026-01-02T12:00:00Z"),
    ({"instant": {"zone": "Europe/Oslo"}}, "20260702T130000", "2026-07-02T11:00:00Z"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "value", "normal"), CASES)
def test_a_value_is_made_normal(rule: dict[str, Any], value: Any, normal: Any) -> None:
    found = made(rule, value)
    assert (found, type(found)) == (normal, type(normal))


SETTLED = [(rule, normal) for rule, _, normal in CASES if "unit" not in rule]
"""A bare number is no measure; every other normal value is normal to its rule."""


@pytest.mark.parametrize(("rule", "normal"), SETTLED)
def test_a_normal_value_stays_as_it_is(rule: dict[str, Any], normal: Any) -> None:
    assert made(rule, normal) == normal


@pytest.mark.parametrize(
    ("rule", "value", "reason"),
    [
        ({"text": True}, 5, "not text"),
        ({"number": True}, "12 kg", "not a number"),
        ({"number": True}, "1,2", "not a number"),
        ({"number": True}, True, "not a number"),
        ({"boolean": True}, "perhaps", "neither yes nor no"),
        ({"unit": "kg"}, 500, "a measure without a unit"),
        ({"unit": "kg"}, "5 apples", "no such unit"),
        ({"unit": "kg"}, "5 m", "no such unit"),
        ({"unit": "kg"}, "9**9**9 kg", "no such unit"),
        ({"unit": "kg"}, "heavy", "not a measure"),
        ({"phone": "NO"}, "12", "not a phone number"),
        ({"phone": "NO"}, "hello", "not a phone number"),
        ({"phone": {}}, "401 23 456", "not a phone number"),
        ({"phone": "NO"}, "1" * 5_000, "not a phone number"),
        ({"email": True}, "ada", "not an e-mail address"),
        ({"email": True}, "ada@@example.com", "not an e-mail address"),
        ({"email": True}, "ada@localhost", "not an e-mail address"),
        ({"email": True}, 5, "not an e-mail address"),
        ({"country": "alpha-2"}, "Narnia", "not a country"),
        ({"country": "alpha-2"}, "EU", "not a country"),
        ({"country": "alpha-2"}, ["NO"], "not a country"),
        ({"language": "language"}, "Klingonese", "not a language"),
        ({"language": "language"}, 5, "not a language"),
        ({"vocabulary": {"terms": {"pro": []}}}, "gold", "not in the vocabulary"),
        ({"vocabulary": {"terms": {"pro": []}, "case": "exact"}}, "Pro", "not in the vocabulary"),
        ({"instant": True}, "yesterday", "not an instant"),
        ({"instant": True}, 1_767_355_200, "not an instant"),
        ({"number": True}, "9" * 400, "not a number"),
        ({"number": True}, 10**400, "not a number"),
        ({"unit": "g"}, "9" * 308 + " kg", "not a measure"),
        ({"unit": {"to": "kg", "from": "g"}}, 10**400, "not a measure"),
        ({"currency": {"to": "NOK", "rates": "ecb.csv"}}, "9" * 400, "not an amount"),
        ({"currency": {"to": "NOK", "rates": "ecb.csv", "from": "EUR"}}, 1.7e308, "not an amount"),
        ({"instant": {"numbers": "s"}}, 10**15, "not an instant"),
    ],
)
def test_a_value_that_cannot_be_made_normal_says_why(rule: dict[str, Any], value: Any, reason: str) -> None:
    assert why(rule, value) == reason


def test_money_goes_by_the_rate_of_its_day() -> None:
    rule = {"currency": {"to": "EUR", "rates": "ecb.csv"}}
    assert made(rule, 115, currency="NOK") == 10
    assert made(rule, 115, AT - DAY, currency="nok ") == 10.45
    assert made(rule, "11.50", currency="NOK") == 1
    assert made(rule, 9.99, currency="EUR") == 9.99
    to_crowns = {"currency": {"to": "NOK", "rates": "ecb.csv", "decimals": 0}}
    assert made(to_crowns, 11, currency="USD") == 115


def test_money_without_a_rate_is_not_guessed() -> None:
    rule = {"currency": {"to": "EUR", "rates": "ecb.csv"}}
    assert why(rule, 1, AT + 30 * DAY, currency="NOK") == "no rate for the currency and day"
    assert why(rule, 1, AT - 300 * DAY, currency="NOK") == "no rate for the currency and day"
    assert why(rule, 1, currency="GBP") == "no rate for the currency and day"
    assert why(rule, 1) == "an amount without a currency"
    assert why(rule, "free", currency="NOK") == "not an amount"
    assert made({"currency": {**rule["currency"], "stale": "60d"}}, 115, AT + 30 * DAY, currency="NOK") == 10


def test_a_weekend_takes_the_rate_before_it_and_missing_ones_are_skipped() -> None:
    rule = {"currency": {"to": "EUR", "rates": "ecb.csv"}}
    assert made(rule, 115, AT + 3 * DAY, currency="NOK") == 10
    assert made(rule, 2, currency="XXY") == 1  # N/A on the day itself: the day before counts


def test_rates_may_have_another_base_and_stand_in_lines() -> None:
    assert made({"currency": {"to": "SEK", "rates": "long.csv", "base": "USD"}}, 1, currency="EUR") == 20


def test_a_phone_number_is_read_by_the_country_beside_it() -> None:
    rule = {"phone": {"region": "NO", "region_in": "country"}}
    assert made(rule, "070-123 45 67", country="Sweden") == "+46701234567"
    assert made(rule, "401 23 456", country="Narnia") == "+4740123456"


def test_an_instant_is_read_in_the_zone_beside_it_and_twice_told_hours_are_the_earlier_ones() -> None:
    rule = {"instant": {"zone_in": "tz"}}
    assert made(rule, "2026-07-01 12:00", tz="America/New_York") == "2026-07-01T16:00:00Z"
    assert made(rule, "2026-07-01 12:00", tz="nowhere") == "2026-07-01T12:00:00Z"
    assert made({"instant": {"zone": "Europe/Oslo"}}, "2026-10-25 02:30") == "2026-10-25T00:30:00Z"


def test_the_unit_beside_a_measure_counts_but_not_against_its_own() -> None:
    rule = {"unit": {"to": "kg", "from": "g", "from_in": "unit"}}
    assert made(rule, 2, unit="lb") == 0.90718474
    assert made(rule, "2 kg", unit="lb") == 2
    assert made(rule, 2) == 0.002


@pytest.mark.parametrize("to", ["alpha-2", "alpha-3", "numeric"])
def test_every_country_survives_the_way_there_and_back(to: str) -> None:
    codes = set(countries("en")) - {"AC", "CP", "DG", "TA"}  # reserved, without codes of three
    for code in codes:
        there = made({"country": to}, code)
        assert not isinstance(there, Unfit), code
        assert made({"country": "alpha-2"}, there) == code
    known = [made({"country": to}, code) for code in sorted(codes)]
    assert len(set(map(str, known))) == len(codes)


@pytest.mark.parametrize(
    "text",
    ["a@b.no", "a.b+c@x-y.example.com", "a_b@1.co", "a-b@sub.dom.info", "a@b.test", "a@b.local", "a@b.invalid",
     "a..b@c.no", ".a@b.no", "a@-b.no", "a@b-.no", "a@b", "a@b.c1", f"{'a' * 65}@b.no", "a@xn--bcher-kva.de", "a@b.onion"],
)  # fmt: skip
def test_the_short_way_of_addresses_says_what_the_long_one_says(text: str) -> None:
    try:
        long = validate_email(text, check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError:
        long = None
    found = made({"email": True}, text)
    assert (None if isinstance(found, Unfit) else found) == long


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        ({"unit": "bananas"}, "no such unit"),
        ({"unit": {"to": "kg", "from": "m"}}, "no unit that can be told in kg"),
        ({"vocabulary": {"terms": {"a": ["x"], "b": ["X"]}}}, "one word means two terms"),
        ({"vocabulary": {"file": "ecb.csv"}}, "not a vocabulary"),
        ({"vocabulary": {"file": "none.csv"}}, "no such file"),
        ({"country": {"languages": ["xx"]}}, "no names in this language"),
        ({"currency": {"to": "SEK", "rates": "ecb.csv"}}, "no rates of this currency"),
        ({"currency": {"to": "NOK", "from": "SEK", "rates": "ecb.csv"}}, "no rates of this currency"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(rule: dict[str, Any], what: str) -> None:
    with pytest.raises(Problem, match=what):
        made(rule, "x")


def test_a_file_that_holds_no_rates_is_refused_with_its_line() -> None:
    with pytest.raises(InvalidDefinition, match="not a file of rates"):
        made({"currency": {"to": "EUR", "rates": "colours.csv"}}, 1)
