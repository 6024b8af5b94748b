"""Countries: names and codes of all kinds as one code of ISO 3166-1."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Literal

from coterie.governance.kinds.cldr import countries, country_aliases
from coterie.governance.kinds.places import Tongue
from coterie.governance.normal import Normal, Unfit, plain
from coterie.model import Value
from coterie.segments.conditions.form import Form
from coterie.segments.conditions.words import Doc
from coterie.values import text_of

USUAL = {"uk": "GB", "great britain": "GB", "england": "GB", "usa": "US", "u.s.": "US", "u.s.a.": "US", "united states of america": "US",
         "holland": "NL", "czech republic": "CZ", "korea": "KR", "russia": "RU", "eire": "IE", "rsa": "ZA", "uae": "AE",
         "turkey": "TR", "burma": "MM", "swaziland": "SZ", "macedonia": "MK", "ivory coast": "CI", "cape verde": "CV",
         "east timor": "TL", "vatican": "VA", "republic of korea": "KR", "korea, south": "KR", "viet nam": "VN",
         "russian federation": "RU", "scotland": "GB", "wales": "GB", "northern ireland": "GB"}  # fmt: skip
"""Names in use that are in no list of names."""
_ACCENTS = re.compile(r"[\u0300-\u036f]")
"""Marks of Latin, Greek and Cyrillic letters: names are known without them too."""


class Country(Form, frozen=True, kw_only=True):
    """Which code is written, and in which languages names are understood."""

    to: Annotated[Literal["alpha-2", "alpha-3", "numeric", "name"], Doc("`NO`, `NOR`, `578` or `Norway`.")] = "alpha-2"
    languages: Annotated[
        tuple[Tongue, ...], Doc("Languages of names; the first is that of `to: name`. English when not said.")
    ] = ("en",)


def prepared(form: Country) -> Normal:
    """Return what the rule does. Source: Unicode CLDR, by Babel."""
    known = _known(form.languages)
    written = _written(form.to, form.languages[0])

    def make(value: Value) -> Value | Unfit:
        code = known.get(_key(value))
        made = None if code is None else written.get(code)
        return Unfit("not a country", "a code of ISO 3166-1, or a name") if made is None else made

    return plain(make)


def code_of(value: Value) -> str | None:
    """Return the two letters of a country that a value names in English or by a code."""
    return _known(("en",)).get(_key(value))


def _key(value: Value) -> str:
    text = unicodedata.normalize("NFKD", (text_of(value) or "").replace("’", "'"))
    text = unicodedata.normalize("NFC", _ACCENTS.sub("", text))
    return " ".join(text.casefold().removeprefix("the ").replace("-", " ").split())


@lru_cache(maxsize=16)
def _known(languages: tuple[str, ...]) -> dict[str, str]:
    found = {_key(code): code for code in countries("en")}
    for old, new in country_aliases().items():
        if len(new) == 1 and new[0] in countries("en"):
            found.setdefault(_key(old), new[0])
            found.setdefault(_key(old).lstrip("0"), new[0])
    for language in languages:
        for code, name in countries(language).items():
            found.setdefault(_key(name), code)
    return {**USUAL, **found}


@lru_cache(maxsize=16)
def _written(to: str, language: str) -> Mapping[str, str]:
    if to == "name":
        return countries(language)
    if to == "alpha-2":
        return {code: code for code in countries("en")}
    found: dict[str, str] = {}
    for old, new in country_aliases().items():
        fits = len(old) == 3 and (old.isdigit() if to == "numeric" else old.isalpha())
        if fits and len(new) == 1 and old not in _RETIRED:
            found.setdefault(new[0], old)
    return found


_RETIRED = frozenset({"BUR", "ZAR", "DDR", "FXX", "TMP", "YMD", "230", "249", "278", "280", "720", "736", "886"})
"""Codes of countries that are no more, where the one that took their place has another."""
