"""Controlled vocabularies: terms, and the synonyms that mean them."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import Annotated, ClassVar, Literal

from coterie.errors import Problem
from coterie.governance.normal import Normal, Texts, Unfit, plain
from coterie.model import Value
from coterie.segments.conditions.form import Choice, Form
from coterie.segments.conditions.words import Doc, MayBeEmpty, Name, Plain
from coterie.values import text_of


class Vocabulary(Form, frozen=True, kw_only=True):
    """The terms that a value may be."""

    choices: ClassVar[tuple[Choice, ...]] = (Choice((("terms",), ("file",)), least=1),)

    terms: Annotated[
        dict[Name, Annotated[tuple[Plain, ...], MayBeEmpty()]] | None, Doc("Each term with its synonyms: `{pro: [professional, plus], free: []}`.")
    ] = None  # fmt: skip
    file: Annotated[
        Name | None, Doc("A CSV file in `governance/` with the columns `term` and `synonym`, for long ones.")
    ] = None
    case: Annotated[Literal["ignore", "exact"], Doc("Whether capital letters matter; when not said they do not.")] = (
        "ignore"
    )


def prepared(form: Vocabulary, texts: Texts) -> Normal:
    """Return what the rule does. Raises: Problem for a synonym of two terms."""
    told = form.terms.items() if form.terms is not None else _terms(texts(form.file or ""), form.file or "")
    known: dict[str, str] = {}
    terms: list[str] = []
    for term, synonyms in told:
        terms.append(term)
        for word in (term, *synonyms):
            key = _key(word, form.case)
            if known.setdefault(key, term) != term:
                raise Problem("one word means two terms", received=word, allowed=f"{known[key]} or {term}, not both")
    allowed = ", ".join(terms[:12]) + (", …" if len(terms) > 12 else "")

    def make(value: Value) -> Value | Unfit:
        found = known.get(_key(value, form.case))
        return Unfit("not in the vocabulary", allowed) if found is None else found

    return plain(make)


def _key(word: Value, case: str) -> str:
    text = " ".join((text_of(word) or "").split())
    return text.casefold() if case == "ignore" else text


def _terms(text: str, file: str) -> Iterable[tuple[str, tuple[str, ...]]]:
    found: dict[str, list[str]] = {}
    rows = csv.DictReader(text.splitlines())
    if not {"term", "synonym"} <= set(rows.fieldnames or ()):
        raise Problem("not a vocabulary", where=file, received=rows.fieldnames, allowed="the columns term and synonym")
    for row in rows:
        found.setdefault(row["term"].strip(), []).extend([row["synonym"]] if row["synonym"] else [])
    return [(term, tuple(words)) for term, words in found.items()]
