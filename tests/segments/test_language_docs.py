"""The language page is written from the code, and nothing of the language goes without a word."""

from __future__ import annotations

import inspect

import pytest

from coterie.segments.conditions import CONDITIONS, GROUPS
from coterie.segments.conditions.form import Form
from coterie.segments.definition import Segment
from coterie.segments.language_docs import SHARED, page
from coterie.segments.parse.slots import kinds, slots
from tests.conftest import ROOT


def forms(form: type[Form], found: dict[type[Form], None] | None = None) -> dict[type[Form], None]:
    """Return a form and every form inside it."""
    found = {} if found is None else found
    if form in found:
        return found
    found[form] = None
    for slot in slots(form):
        inner = [slot.spread] if slot.spread else [kind.form for kind in kinds(slot.annotation)]
        for one in inner:
            if one is not None:
                forms(one, found)
    return found


ALL_FORMS = list(dict.fromkeys(form for root in (Segment, *CONDITIONS.values()) for form in forms(root)))


def test_page_is_fresh() -> None:
    published = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    assert published == page(), "stale: run `python -m coterie.segments.language_docs`"


def test_every_condition_is_listed_once() -> None:
    listed = [kind.word for group in GROUPS for kind in group.conditions]
    files = {path.stem for path in (ROOT / "src" / "coterie" / "segments" / "conditions").glob("*.py")}
    assert len(set(listed)) == len(listed) == len(CONDITIONS)
    assert {kind.__module__.rpartition(".")[2] for kind in CONDITIONS.values()} < files
    assert len({kind.__module__ for kind in CONDITIONS.values()}) == len(CONDITIONS)


@pytest.mark.parametrize("form", ALL_FORMS, ids=lambda form: form.__name__)
def test_every_form_and_field_says_what_it_means(form: type[Form]) -> None:
    assert inspect.getdoc(form)
    assert inspect.getdoc(form) != inspect.getdoc(form.__mro__[1])
    assert [slot.key for slot in slots(form) if not slot.doc and slot.spread is None] == []


@pytest.mark.parametrize("word", list(CONDITIONS))
def test_every_condition_is_on_the_page_with_its_examples(word: str) -> None:
    section = page().partition(f"\n### `{word}`\n")[2].partition("\n### ")[0].partition("\n## ")[0]
    assert section.count(" → **") == len(CONDITIONS[word].examples) > 0
    for example in CONDITIONS[word].examples:
        assert example.note in section
    for slot in slots(CONDITIONS[word]):
        assert slot.doc in section or slot.spread is not None


def test_every_link_has_its_heading() -> None:
    text = page()
    for title, _ in SHARED:
        assert f"\n### {title}\n" in text
    links = {part.partition(")")[0] for part in text.split("](#")[1:]}
    assert links <= {title.lower().replace(" ", "-") for title, _ in SHARED}
