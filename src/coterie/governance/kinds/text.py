"""Plain text: trimmed, single blanks, one spelling of accents, one case of letters."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Literal

from coterie.governance.normal import Normal, Unfit, plain
from coterie.model import Value
from coterie.segments.conditions.form import Form
from coterie.segments.conditions.words import Doc


class Wording(Form, frozen=True, kw_only=True):
    """How text is written."""

    case: Annotated[Literal["lower", "upper", "title"] | None, Doc("One case of letters; as it is when not said.")] = (
        None
    )
    characters: Annotated[
        Literal["NFC", "NFKC"],
        Doc(
            "`NFC`, when not said: one spelling of accents. `NFKC`: also full-width and ligatures become plain letters."
        ),
    ] = "NFC"


def prepared(form: Wording) -> Normal:
    """Return what the rule does."""
    cased = {"lower": str.lower, "upper": str.upper, "title": str.title}.get(form.case or "", str)

    def make(value: Value) -> Value | Unfit:
        if not isinstance(value, str):
            return Unfit("not text", "text")
        return cased(" ".join(unicodedata.normalize(form.characters, value).split()))

    return plain(make)
