"""Names and aliases of countries and languages, from Unicode's Common Locale Data Repository."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from coterie.errors import Problem


@lru_cache(maxsize=64)
def countries(language: str) -> Mapping[str, str]:
    """Return code (two letters) → name in a language. Raises: Problem for a language without data."""
    return {code: name for code, name in _names(language).territories.items() if _is_country(code)}


@lru_cache(maxsize=64)
def languages(language: str) -> Mapping[str, str]:
    """Return code of a language → its name in a language. Raises: Problem for a language without data."""
    return {code: name for code, name in _names(language).languages.items() if code.isalpha()}


@lru_cache(maxsize=1)
def own_names() -> Mapping[str, str]:
    """Return code of a language → what its speakers call it, for those that have data."""
    from babel.localedata import locale_identifiers

    found: dict[str, str] = {}
    for code in languages("en").keys() & set(locale_identifiers()):
        name = languages(code).get(code)
        if name:
            found[code] = name
    return found


def country_aliases() -> Mapping[str, tuple[str, ...]]:
    """Return other code (three letters, three digits, retired) → the codes that took its place."""
    from babel.core import get_global

    return {old: tuple(new) for old, new in get_global("territory_aliases").items()}


def language_aliases() -> Mapping[str, str]:
    """Return other code of a language (three letters, retired) → the one in use."""
    from babel.core import get_global

    return {str(old): str(new) for old, new in get_global("language_aliases").items()}


def _names(language: str) -> Any:
    from babel import Locale, UnknownLocaleError

    try:
        return Locale.parse(language)
    except (UnknownLocaleError, ValueError) as error:
        allowed = "a language with data in the CLDR, such as en or nb"
        raise Problem("no names in this language", received=language, allowed=allowed) from error


def _is_country(code: str) -> bool:
    return len(code) == 2 and code not in ("EU", "EZ", "UN", "ZZ", "XA", "XB", "QO", "CQ", "EA", "IC")
