"""Notation: what YAML readers would read differently is refused, and every problem has its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from coterie.errors import InvalidDefinition, NotFound
from coterie.segments.parse import load, parse_text
from coterie.segments.parse.text import read


def refused(text: str, file: str = "a.yaml") -> list[str]:
    with pytest.raises(InvalidDefinition) as caught:
        read(text, file)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("word", ["yes", "No", "ON", "off"])
def test_switch_words_need_quotes(word: str) -> None:
    (told,) = refused(f"a: {word}")
    assert told.startswith("a.yaml:1: a: read as true or false by some")
    assert f'write "{word}" in quotes' in told
    assert read(f"a: '{word}'").data == {"a": word}


def test_switch_words_as_keys_need_quotes() -> None:
    (told,) = refused("x: 1\non: calendar")
    assert told.startswith("a.yaml:2:")


@pytest.mark.parametrize("number", ["0150", "1_000", "12:30", "0x1F", "0o17", "-012"])
def test_numbers_that_readers_disagree_about_need_quotes(number: str) -> None:
    (told,) = refused(f"zip: {number}")
    assert "different numbers" in told
    assert read(f'zip: "{number}"').data == {"zip": number}


@pytest.mark.parametrize("text", [".inf", "-.INF", ".nan", "1.0e+999", "9223372036854775808"])
def test_numbers_must_be_finite_and_fit(text: str) -> None:
    assert len(refused(f"a: {text}")) == 1


def test_scalars_are_those_of_yaml_1_2() -> None:
    text = "a: [1, -2, 0, 1.5, 1.5e+3, .5, true, False, ~, null, 2026-01-31, 24h, x:y, '1', é]"
    data = read(text).data["a"]
    assert data == [1, -2, 0, 1.5, 1500.0, 0.5, True, False, None, None, "2026-01-31", "24h", "x:y", "1", "é"]


def test_json_is_read_alike() -> None:
    assert read('{"a": [1, 1.5, "yes", null, true]}', "a.json").data == {"a": [1, 1.5, "yes", None, True]}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\nb: 2\na: 3\n", "a.yaml:3: a: the key stands here twice"),
        ("a: &x 1\nb: *x\n", "aliases are not part"),
        ("a: &x {b: *x}\n", "aliases are not part"),
        ("a: !!python/object:os.system {}\n", "tags are not part"),
        ("a: !date 2026-01-01\n", "tags are not part"),
        ("a: !!str 5\n", "tags are not part"),
        ("a: !!int '5'\n", "tags are not part"),
        ("a: !!set [b]\n", "tags are not part"),
        ("a: 1e5\n", "text that some readers take for a number"),
        ("a:\n  <<: {b: 1}\n", "merge keys are not part"),
        ("? [a]\n: 1\n", "a key that is no text"),
        ("a: 1\n---\nb: 2\n", "a file holds one definition"),
        ("", "the file is empty"),
        ("a: [1\n", "not YAML"),
        ("a:\n\t- b\n", "indent with spaces"),
        ("a: b: c\n", "a.yaml:1: not YAML"),
        ("[" * 3000, "a.yaml"),
        ("a: " + "x" * 1_000_001, "too long"),
    ],
)
def test_traps_of_yaml(text: str, told: str) -> None:
    assert any(told in one for one in refused(text))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"a": 1, "a": 2}', "the key stands here twice"),
        ('{"a": NaN}', "not a finite number"),
        ('{"a": 1,}', "a.json:1: not JSON"),
        ("[" * 100_000, "a.json"),
    ],
)
def test_traps_of_json(text: str, told: str) -> None:
    assert any(told in one for one in refused(text, "a.json"))


def test_every_problem_of_the_notation_is_told_at_once() -> None:
    assert len(refused("a: yes\nb: 012\na: 1\n")) == 3


def test_problems_have_their_line() -> None:
    text = "key: a\nwhen:\n  all:\n    - everyone: {}\n    - did:\n        event: x\n        within: soon\n    - bucket: {percent: 5}\n"
    with pytest.raises(InvalidDefinition) as caught:
        parse_text(text, "segments/a.yaml")
    places = [str(problem).splitlines()[0] for problem in caught.value.problems]
    assert places == [
        "segments/a.yaml:7: when.all[1].did.within: not a duration",
        "segments/a.yaml:8: when.all[2].bucket.salt: missing",
    ]


def test_folder_tells_the_problems_of_all_files(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("key: a\nwhen: {everyone: {}}\n")
    (tmp_path / "b.yaml").write_text("key: b\nwhen: {evryone: {}}\n")
    (tmp_path / "c.yaml").write_text("key: other\nwhen: {everyone: {}}\n")
    (tmp_path / "d.yaml").write_bytes(b"key: \xff\n")
    (tmp_path / "e.json").write_text("{")
    (tmp_path / "a.json").write_text('{"key": "a", "when": {"everyone": {}}}')
    (tmp_path / "notes.txt").write_text("not a definition")
    with pytest.raises(InvalidDefinition) as caught:
        load(tmp_path)
    told = [problem.what for problem in caught.value.problems]
    assert len(told) == 5
    assert {"two files have this key", "not a condition", "the file is not named after the key"} < set(told)


def test_folder_loads_by_name(tmp_path: Path) -> None:
    for key in ("b", "a", "c"):
        (tmp_path / f"{key}.yaml").write_text(f"key: {key}\nwhen: {{everyone: {{}}}}\n")
    assert [segment.key for segment in load(tmp_path)] == ["a", "b", "c"]
    assert [segment.key for segment in load(tmp_path / "b.yaml")] == ["b"]


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        load(tmp_path / "missing.yaml")
