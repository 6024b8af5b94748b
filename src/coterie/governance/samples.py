"""How a value is shown where it must not tell who somebody is."""

from __future__ import annotations

import re

from coterie.model import Value
from coterie.values import canonical

LENGTH_MAX = 60
_TELLING = re.compile(r"@|\d[\d\s().-]{5,}\d")
_DATE = re.compile(r"\b\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?\b")
_LETTERS = re.compile(r"[^\W\d_]+")
_DIGITS = re.compile(r"\d+")


def looks_personal(text: str) -> bool:
    """Return whether a text looks like an address or a number of somebody."""
    return _TELLING.search(_DATE.sub("", text)) is not None


def sample_of(value: Value, is_private: bool = False) -> str:
    """Return a value as text to be shown, cut short; by its shape alone if it is private, or looks like an address or a number of somebody.

    >>> sample_of("Norge"), sample_of("ada@example.com"), sample_of("+47 401 23 456"), sample_of("Ada", is_private=True)
    ('Norge', 'a@a.a', '+9 9 9 9', 'a')
    """
    text = value if isinstance(value, str) else canonical(value)
    if is_private or looks_personal(text):
        text = _DIGITS.sub("9", _LETTERS.sub("a", text))
    return text if len(text) <= LENGTH_MAX else f"{text[: LENGTH_MAX - 1]}…"
