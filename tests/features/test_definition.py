"""Feature sets as they are written: what is read, what is refused and how it is told, and that all of it is written back."""

from __future__ import annotations

from pathlib import Path

import pytest

from coterie.errors import InvalidDefinition
from coterie.features.builtin import FAMILIES, BuiltIn
from coterie.features.definition import lower
from coterie.features.feature import Setting, spellings
from coterie.features.parse import load, parse, parse_text
from coterie.features.plan import Plan
from coterie.limits import DEFAULT
from coterie.segments.conditions.form import Context
from coterie.segments.parse.slots import slots
from coterie.segments.parse.written import data_of, yaml_text
from tests.features import shops


def told(text: str) -> str:
    with pytest.raises(InvalidDefinition) as wrong:
        lower(parse_text(text, "features/x.yaml"))
    return str(wrong.value)


def plan(text: str) -> Plan:
    return lower(parse_text(f"key: x\n{text}"))


def test_what_is_written_is_written_back() -> None:
    whole = parse_text(shops.SET)
    assert parse(data_of(whole)) == whole
    assert parse_text(yaml_text(data_of(whole))) == whole


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("key: x\n", ("something is missing", "built_in, features")),
        ("key: X y\nfeatures: {a: {trait: b}}", ("not a feature set key", "write x-y")),
        ("key: x\nfeatures: {9a: {trait: b}}", ("not a feature name", "write a")),
        ("key: x\nfeatures: {a: {}}", ("something is missing", "formula")),
        ("key: x\nfeatures: {a: {trait: b, formula: a}}", ("these exclude each other",)),
        ("key: x\nfeatures: {a: {formula: '2 +'}}", ("not a formula",)),
        ("key: x\nfeatures: {a: {formula: b + 1}, c: {trait: b}}", ("no numeric feature of this name", "received: 'b'")),
        ("key: x\nfeatures: {a: {formula: b + 1}, b: {formula: a}}", ("no numeric feature of this name",)),
        ("key: x\nfeatures: {a: {formula: b + 1}, b: {trait: {name: b, as: category}}}", ("no numeric feature of this name",)),
        ("key: x\nfeatures: {a: {formula: 'pow(2, 3)'}}", ("not a function of formulas", "min, max")),
        ("key: x\nfeatures: {a: {formula: 'min(2)'}}", ("min takes 2",)),
        ("key: x\nfeatures: {a: {formula: '__import__(\"os\")'}}", ("not a function of formulas",)),
        ("key: x\nfeatures: {a: {formula: 'recency.real'}}", ("not part of a formula",)),
        ("key: x\nfeatures: {a: {formula: '2 ** 9'}}", ("not part of a formula", "for a power multiply")),
        ("key: x\nbuilt_in:\n- rfm: {event: e}\n- rfm: {event: f}", ("two features have this name", "prefix: web_")),
        ("key: x\nbuilt_in:\n- rfn: {event: e}", ("unknown key", "did you mean 'rfm'?")),
        ("key: x\nbuilt_in:\n- {rfm: {event: e}, tenure: {}}", ("these exclude each other",)),
        ("key: x\nbuilt_in:\n- velocity: {recent: 30d, base: 7d}", ("not shorter than base",)),
        ("key: x\nbuilt_in:\n- sessions: {gap: 30m, id: s}", ("these exclude each other",)),
        ("key: x\nbuilt_in:\n- mix: {event: e, property: p, top: 3, values: [a]}", ("these exclude each other",)),
        ("key: x\npopulation: a\nwho: {everyone: {}}\nfeatures: {a: {trait: b}}", ("these exclude each other",)),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(text: str, words: tuple[str, ...]) -> None:
    said = told(text)
    assert "x" in said
    for word in words:
        assert word in said


def test_every_problem_of_a_set_is_told_at_once() -> None:
    said = told("key: x\nfeatures: {a: {formula: nobody}, b: {formula: a + nobody}, c: {formula: 1 + d}}")
    assert "3 problems" in said


def test_files_are_named_after_their_keys_and_too_many_features_are_refused(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("key: two\nfeatures: {a: {trait: b}}\n")
    with pytest.raises(InvalidDefinition, match=r"rename the file to two\.yaml"):
        load(tmp_path)
    assert load(tmp_path / "nowhere") == []
    many = {f"f{i}": {"trait": "t"} for i in range(DEFAULT.features_max + 1)}
    with pytest.raises(InvalidDefinition, match="too many features"):
        lower(parse({"key": "x", "features": many}))


def test_names_of_levels_never_meet() -> None:
    found = plan("built_in: [{mix: {event: e, property: Kind of thing, values: [A b, a-b, other, '!', '3', Main]}}]")
    short = [name.removeprefix("kind_of_thing_") for name in found.names]
    assert short == [
        "a_b",
        "a_b_2",
        "other_2",
        "value",
        "3",
        "main_2",
        "other",
        "entropy",
        "distinct",
        "main",
        "latest",
    ]


def test_a_hidden_feature_is_only_for_formulas() -> None:
    found = plan("features: {b: {formula: a * 2}, a: {trait: t, hidden: true}}")
    assert found.names == ("b",)


def test_levels_are_matched_as_text_as_numbers_and_as_truths() -> None:
    assert spellings("5") == ("5", 5)
    assert spellings("5.0") == ("5.0",)
    assert spellings("true") == ("true", True)
    assert spellings("null") == ("null",)


@pytest.mark.parametrize("word", FAMILIES)
def test_every_family_is_a_word_and_tells_what_it_makes(word: str) -> None:
    assert FAMILIES[word].__doc__
    assert word in {slot.key for slot in slots(BuiltIn)}
    needed = {"mix": {"property": "p"}, "discount": {"property": "p"}, "basket": {"amount": "p"}}
    body = {"event": "e", **needed.get(word, {})}
    found = parse({"key": "x", "built_in": [{word: body, "prefix": "p_"}]})
    made = (found.built_in or ())[0].features(Setting(context=Context(time_zone="Europe/Oslo")))
    assert made
    assert all(one.name.startswith("p_") and one.title for one in made)
    assert word in FAMILIES
    assert (found.built_in or ())[0].says()


def test_the_page_names_every_feature_that_families_make() -> None:
    page = (Path(__file__).parents[2] / "docs" / "features.md").read_text(encoding="utf-8")
    made = lower(parse_text(shops.SET)).features
    short = {
        one.name.removeprefix("view_").removeprefix("cart_").removeprefix("short_").removeprefix("trait_")
        for one in made
    }
    own = set(parse_text(shops.SET).features or {})
    mixed = {name for name in short if name.startswith(("category_", "price_", "device_", "channel_"))}
    days = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}
    assert [name for name in sorted(short - own - mixed - days) if f"`{name}`" not in page] == []
