"""Yes and no in many words."""

from __future__ import annotations

from typing import Annotated

from coterie.governance.normal import Normal, Unfit, plain
from coterie.model import Value
from coterie.segments.conditions.form import Form
from coterie.segments.conditions.words import Doc, Text
from coterie.values import text_of

YES = ("true", "yes", "y", "1", "on", "t")
NO = ("false", "no", "n", "0", "off", "f")


class Boolean(Form, frozen=True, kw_only=True):
    """Which words mean true and which false, in any case of letters."""

    yes: Annotated[tuple[Text, ...], Doc("Further words that mean true, such as ja.")] = ()
    no: Annotated[tuple[Text, ...], Doc("Further words that mean false, such as nein.")] = ()


def prepared(form: Boolean) -> Normal:
    """Return what the rule does."""
    known: dict[str, bool] = dict.fromkeys((*NO, *map(str.casefold, form.no)), False)
    known |= dict.fromkeys((*YES, *map(str.casefold, form.yes)), True)

    def make(value: Value) -> Value | Unfit:
        if isinstance(value, bool):
            return value
        found = known.get((text_of(value) or "").strip().casefold())
        return Unfit("neither yes nor no", "true, false, and words for them") if found is None else found

    return plain(make)
