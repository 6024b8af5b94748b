"""Small words of the kinds: regions, currencies, tongues."""

from __future__ import annotations

import re
from typing import Annotated, TypeAlias

from coterie.segments.conditions.form import Flaw
from coterie.segments.conditions.words import Word


def _word(name: str, pattern: str, allowed: str) -> Word:
    def refuse(text: str) -> Flaw | None:
        if re.fullmatch(pattern, text):
            return None
        better = text.upper() if re.fullmatch(pattern, text.upper()) else ""
        return Flaw(f"not {name}", received=text, allowed=allowed, hint=f"write {better}" if better else "")

    return Word(name, refuse, {"pattern": f"^{pattern}$"})


Region: TypeAlias = Annotated[str, _word("a country", "[A-Z]{2}", "two capital letters of ISO 3166, such as NO")]
CurrencyCode: TypeAlias = Annotated[
    str, _word("a currency", "[A-Z]{3}", "three capital letters of ISO 4217, such as EUR")
]
Tongue: TypeAlias = Annotated[str, _word("a language", "[a-z]{2,3}(_[A-Za-z]{2,4})?", "a code such as en, nb or pt_BR")]
