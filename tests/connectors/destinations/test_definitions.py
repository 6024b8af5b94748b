"""Destination files: every mistake at once; secrets by reference; templates that are strict."""

from __future__ import annotations

from pathlib import Path

import pytest

from coterie.connectors.destinations import templates
from coterie.connectors.destinations.definitions import load, open_all, parse_text
from coterie.errors import InvalidDefinition, Terminal

FILE = "key: {key}\nkind: file\npath: out.jsonl\n"


def test_every_problem_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("key: a\nkind: webhok\n")
    (tmp_path / "b.yaml").write_text("key: b\nkind: email\nhost: x\nsecurty: tls\nport: 99999\n")
    (tmp_path / "c.yaml").write_text(FILE.format(key="d"))
    with pytest.raises(InvalidDefinition) as told:
        load(tmp_path)
    said = str(told.value)
    for part in (
        "a.yaml:2: kind: no such kind", "did you mean 'webhook'?", "b.yaml:4: securty: unknown key", "did you mean 'security'?",
        "b.yaml:5: port: out of range", "b.yaml:1: from: missing", "not named after the key", "rename the file to d.yaml",
    ):  # fmt: skip
        assert part in said, said


def test_there_may_be_no_destinations(tmp_path: Path) -> None:
    assert load(tmp_path / "destinations") == {}


def test_names_that_the_environment_lacks_are_told_together(tmp_path: Path) -> None:
    one = parse_text(
        "key: shop\nkind: webhook\nurl: ${SHOP_URL}\nsecrets: ['${HOOK_NEW}', '${HOOK_OLD}']\n"
        "headers: {authorization: 'Bearer ${TOKN}'}\n"
    )
    with pytest.raises(InvalidDefinition) as told:
        open_all({"shop": one}, tmp_path, {"HOOK_OLD": "x", "TOKEN": "y"})
    said = str(told.value)
    assert len(told.value.problems) == 3
    assert "destinations/shop.yaml: secrets[0]" in said
    assert "destinations/shop.yaml: headers.authorization" in said
    assert "did you mean 'TOKEN'?" in said


@pytest.mark.parametrize(("text", "said"), [
    ("{{ a }}", "1"), ("{{ nobody | default: 'x' }}", "x"), ("{% if nobody %}a{% else %}b{% endif %}", "b"),
    ("{% for one in list %}{{ one.n }}{% endfor %}", "12"), ("{{ traits.address.city }}", "Oslo"),
    ("{{ 'x' | upcase }}", "X"),
])  # fmt: skip
def test_templates(text: str, said: str) -> None:
    context = {"a": 1, "list": [{"n": 1}, {"n": 2}], "traits": {"address": {"city": "Oslo"}}}
    assert templates.render(text, context) == said


@pytest.mark.parametrize("text", [
    "{{ nobody }}", "{{ a.b.c }}", "{% for one in nobody %}{% endfor %}{{ one }}", "{{ a | no_such_filter }}", "{% if %}", "{{ a ",
])  # fmt: skip
def test_templates_are_strict(text: str) -> None:
    with pytest.raises(Terminal):
        templates.render(text, {"a": 1})


def test_a_flaw_names_its_line() -> None:
    (flaw,) = templates.flaws("one\ntwo {{ nobody }}", {}, "templates/x: text")
    assert "'nobody' is undefined (line 2)" in str(flaw)


@pytest.mark.parametrize("text", [
    "{% for i in (1..1000000) %}{{ i }}{% endfor %}",
    "{% for i in (1..10000) %}{% for j in (1..10000) %}{{ i }}{% endfor %}{% endfor %}",
])  # fmt: skip
def test_no_template_hangs_a_worker(text: str) -> None:
    with pytest.raises(Terminal):
        templates.render(text, {})


def test_a_dotted_key_and_a_value_of_its_beginning_get_along() -> None:
    assert templates.nested({"a": 1, "a.b": 2, "c.d": 3}) == {"a": 1, "a.b": 2, "c": {"d": 3}}
