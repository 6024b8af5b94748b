"""Names of events and properties as names of a program."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable

_EDGES = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")


def words_of(name: str) -> list[str]:
    """Return the words of a name in lower case.

    >>> words_of("Order Completed"), words_of("cartId"), words_of("address.city"), words_of("$identify")
    (['order', 'completed'], ['cart', 'id'], ['address', 'city'], ['identify'])
    """
    return [word.lower() for word in _EDGES.split(name) if word]


def snake(name: str) -> str:
    """Return a name in lower case with underscores, never beginning with a digit."""
    text = "_".join(words_of(name)) or "event"
    return f"n{text}" if text[0].isdigit() else text


def pascal(name: str) -> str:
    """Return a name with capitals, never beginning with a digit."""
    text = "".join(word.capitalize() for word in words_of(name)) or "Event"
    return f"N{text}" if text[0].isdigit() else text


def unlike(
    names: Iterable[str], spell: Callable[[str], str], taken: Collection[str], suffix: str = "_"
) -> dict[str, str]:
    """Return a spelling for each name, all different and none of ``taken``; a number tells two of one spelling apart."""
    found: dict[str, str] = {}
    used = set(taken)
    for name in names:
        text = spell(name)
        if text in used:
            text = f"{text}{suffix}"
        number, stem = 2, text
        while text in used:
            text, number = f"{stem}{number}", number + 1
        used.add(text)
        found[name] = text
    return found


def sentence(description: str, facts: Iterable[str]) -> str:
    """Return what is said of an event on one line: its description and the facts that there are."""
    told = " ".join(description.split())
    if told and told[-1] not in ".!?":
        told += "."
    return " ".join(part for part in (told, "; ".join(fact for fact in facts if fact)) if part)
