"""Languages: names and codes of all kinds as one code."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Literal

from coterie.governance.kinds.cldr import language_aliases, languages, own_names
from coterie.governance.kinds.places import Tongue
from coterie.governance.normal import Normal, Unfit, plain
from coterie.model import Value
from coterie.segments.conditions.form import Form
from coterie.segments.conditions.words import Doc

_UNFIT = Unfit("not a language", "a code such as nb or pt-BR, or a name")


class Language(Form, frozen=True, kw_only=True):
    """Which code is written, and in which languages names are understood."""

    to: Annotated[Literal["language", "locale"], Doc("`nb`, or with the country where it is told, `nb-NO`.")] = (
        "language"
    )
    languages: Annotated[
        tuple[Tongue, ...],
        Doc("Languages of names. English when not said; a language's own name is always understood."),
    ] = ("en",)


def prepared(form: Language) -> Normal:
    """Return what the rule does. Source: BCP 47, Unicode CLDR by Babel."""
    known = _known(form.languages)

    def make(value: Value) -> Value | Unfit:
        if not isinstance(value, str):
            return _UNFIT
        text = " ".join(value.split(",")[0].split(";")[0].split())
        code = known.get(text.casefold())
        if code is not None:
            return code
        head, _, rest = text.replace("_", "-").partition(".")[0].partition("-")
        code = known.get(head.casefold())
        if code is None or len(head) > 3:
            return _UNFIT
        region = next((one.upper() for one in rest.split("-") if len(one) == 2 and one.isalpha()), "")
        return f"{code}-{region}" if region and form.to == "locale" else code

    return plain(make)


@lru_cache(maxsize=16)
def _known(spoken: tuple[str, ...]) -> dict[str, str]:
    codes = languages("en")
    found = {code: code for code in codes}
    for old, new in language_aliases().items():
        if new in codes:
            found.setdefault(old.casefold(), new)
    for names in (*(languages(one) for one in spoken), own_names()):
        for code, name in names.items():
            found.setdefault(name.casefold(), code)
    return found
