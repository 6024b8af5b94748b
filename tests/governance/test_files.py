"""Files of rules: every problem at once, with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from coterie.errors import InvalidDefinition
from coterie.governance.parse import load, parse_in, parse_text
from tests.governance.rules import AT

GOOD = "key: shop\nrules:\n  - {property: price, currency: {to: EUR, rates: ecb.csv}}\n"
RATES = "Date,USD\n2026-01-01,1.1\n"


def problems(text: str) -> list[str]:
    with pytest.raises(InvalidDefinition) as caught:
        parse_text(text, "governance/shop.yaml")
    return [str(one) for one in caught.value.problems]


def test_a_folder_without_rules_has_none(tmp_path: Path) -> None:
    assert not load(tmp_path / "governance")


def test_files_are_read_by_name_and_find_what_lies_beside_them(tmp_path: Path) -> None:
    (tmp_path / "ecb.csv").write_text(RATES)
    (tmp_path / "shop.yaml").write_text(GOOD)
    (tmp_path / "contact.yaml").write_text("key: contact\nowner: crm\nrules:\n  - {trait: email, email: true}\n")
    found = load(tmp_path)
    assert [(one.standard, one.number, one.rule.word) for one in found.rules] == [
        ("contact", 1, "email"), ("shop", 1, "currency"),
    ]  # fmt: skip
    assert found.standards[0].owner == "crm"


def test_every_problem_of_every_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(GOOD.replace("price,", "prize, events: x,"))
    (tmp_path / "other.yaml").write_text(
        "key: wrong\nrules:\n  - {property: a, unit: bananas}\n  - {country: alpha-2}\n"
    )
    with pytest.raises(InvalidDefinition) as caught:
        load(tmp_path)
    told = "\n".join(map(str, caught.value.problems))
    for part in ("did you mean 'event'", "one of property, trait, identifier"):
        assert part in told
    (tmp_path / "shop.yaml").write_text(GOOD)
    (tmp_path / "other.yaml").write_text("key: wrong\nrules:\n  - {property: a, unit: bananas}\n")
    with pytest.raises(InvalidDefinition) as caught:
        load(tmp_path)
    told = "\n".join(map(str, caught.value.problems))
    for part in (
        "other.yaml:3: rules[0].unit: no such unit",
        "shop.yaml:3: rules[0].currency: no such file",
        "ecb.csv",
    ):
        assert part in told


def test_a_file_outside_the_folder_cannot_be_named(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text(RATES)
    (tmp_path / "governance").mkdir()
    with pytest.raises(InvalidDefinition, match="no such file"):
        parse_in(tmp_path / "governance", GOOD.replace("ecb.csv", "../secret.csv"))


@pytest.mark.parametrize(
    ("rule", "part"),
    [
        ("{property: a}", "one of text, number"),
        ("{property: a, text: true, number: true}", "these exclude each other"),
        ("{trait: a, event: order, text: true}", "only properties are of events"),
        ("{identifier: email, email: true, keep_original: true}", "the original of an identifier is not kept"),
        ("{property: a, currency: {to: eur, rates: x}}", "write EUR"),
        ("{property: 'a[].b[].c', text: true}", "no property can be called so"),
        ("{property: ['a', 'b[]'], text: true}", "no property can be called so"),
        ("{property: a, phone: no}", 'write "no" in quotes'),
        ("{property: a, instant: {zone: Oslo}}", "not a time zone"),
        ('{property: a, instant: {formats: ["%d.%m.%Y", "%Q"]}}', "not a notation of dates"),
        ('{property: a, instant: {formats: ["%H:%M"]}}', "not a notation of dates"),
        ("{property: a, otherwise: refuse, text: true}", "keep, drop, quarantine"),
    ],
)
def test_a_wrong_rule_says_what_is_allowed(rule: str, part: str) -> None:
    assert part in "\n".join(problems(f"key: shop\nrules:\n  - {rule}\n"))


def test_a_file_of_a_spreadsheet_may_begin_with_a_mark_and_have_empty_lines(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_bytes(b"\xef\xbb\xbfDate,USD\r\n2026-01-02,1.1\r\n,\r\n\r\n")
    rules = "key: money\nrules: [{property: x, currency: {to: USD, rates: r.csv, from: EUR}}]\n"
    (tmp_path / "money.yaml").write_text(rules, encoding="utf-8")
    (ruled,) = load(tmp_path).rules
    assert ruled.normal.make(10, {}, AT) == 11


@pytest.mark.parametrize("name", ["rates.csv", "../coterie.yaml", "/etc/passwd", "..", "n" * 300])
@pytest.mark.parametrize("there", [False, True])
def test_a_file_of_rates_is_beside_the_rules_or_nowhere(name: str, there: bool, tmp_path: Path) -> None:
    (tmp_path / "coterie.yaml").write_text("date,currency,rate\n")
    if there:
        (tmp_path / "governance").mkdir()
    text = f'key: a\nrules:\n  - {{property: p, currency: {{to: EUR, rates: "{name}"}}}}\n'
    with pytest.raises(InvalidDefinition, match="no such file"):
        parse_in(tmp_path / "governance", text)
