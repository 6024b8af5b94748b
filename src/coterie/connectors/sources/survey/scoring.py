"""From answers to numbers, lists, words and scales. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from coterie.connectors.sources.survey.config import Config, Item, Scale, name_of
from coterie.errors import Problem, nearest
from coterie.values import number_of

DIGITS = 6
"""Decimals of a scale's value: a third is 0.333333 for everybody."""


class Scorer:
    """A survey's questions at work. Cost: about 1 µs per answer."""

    def __init__(self, config: Config) -> None:
        self._items = {column: _Reader(column, item, config.answers or {}) for column, item in config.items.items()}
        self._scales = dict(config.scales or {})
        self.columns = frozenset(self._items)

    def score(self, answers: Mapping[str, Any]) -> dict[str, Any]:
        """Return items and scales by name; what was not answered is absent. Raises: Problem for an answer that cannot be."""
        found: dict[str, Any] = {}
        counted: dict[str, float] = {}
        for column, reader in self._items.items():
            given = answers.get(column)
            if given is None or (isinstance(given, str) and not given.strip()):
                continue
            value = reader.read(given)
            found[reader.name] = value
            if reader.counts:
                counted[reader.name] = reader.turned(value)
        for name, scale in self._scales.items():
            value = _value(scale, counted)
            if value is not None:
                found[name] = value
        return found

    def counted(self, item: str, value: float) -> float:
        """Return the answer to an item, as it is kept, as scales count it: turned round if the item is reversed. Raises: KeyError."""
        return next(one for one in self._items.values() if one.name == item).turned(value)


class _Labels(Struct, frozen=True):
    numbers: dict[str, float]
    shown: str


class _Reader:
    """How the answers to one question are read."""

    def __init__(self, column: str, item: Item, sets: Mapping[str, Mapping[str, float]]) -> None:
        self.name, self._column, self._item = name_of(column, item), column, item
        self.counts = not item.words and not item.separator
        labels = sets[item.answers] if item.answers is not None else None
        self._labels = (
            None if labels is None else _Labels({_plain(one): n for one, n in labels.items()}, ", ".join(labels))
        )
        bounds = list(labels.values()) if labels else [one for one in (item.least, item.most) if one is not None]
        self._least: float | None = min(bounds, default=None)
        self._most: float | None = max(bounds, default=None)

    def read(self, given: Any) -> Any:
        """Return the answer as it is kept. Raises: Problem."""
        if self._item.words:
            return given.strip() if isinstance(given, str) else given
        if self._item.separator:
            pieces = given if isinstance(given, list) else str(given).split(self._item.separator)
            return [self._choice(piece) for piece in pieces if str(piece).strip()]
        return self._number(given)

    def turned(self, value: float) -> float:
        """Return the number as its scale counts it."""
        if not self._item.reversed or self._least is None or self._most is None:
            return value
        return self._least + self._most - value

    def _choice(self, piece: Any) -> Any:
        return self._number(piece) if self._labels is not None else str(piece).strip()

    def _number(self, given: Any) -> float:
        if self._labels is not None:
            found = self._labels.numbers.get(_plain(given))
            if found is None and (number := _numeral(given)) in self._labels.numbers.values():
                found = number
            if found is None:
                hint = nearest(str(given), self._labels.shown.split(", "))
                raise Problem(
                    "not one of the answers", where=self._column, received=given, allowed=self._labels.shown, hint=hint
                )
            return found
        number = _numeral(given)
        if number is None:
            hint = "write words: true for an answer that is no number, answers: for one with labels"
            raise Problem("not a number", where=self._column, received=given, allowed="a number", hint=hint)
        if self._least is not None and self._most is not None and not self._least <= number <= self._most:
            allowed = f"{self._least:g} to {self._most:g}"
            raise Problem("out of range", where=self._column, received=given, allowed=allowed)
        return number


def _value(scale: Scale, counted: Mapping[str, float]) -> float | None:
    answered = [counted[one] for one in scale.items if one in counted]
    if len(answered) < (len(scale.items) if scale.minimum is None else scale.minimum):
        return None
    mean = sum(answered) / len(answered)
    return round(mean * len(scale.items) if scale.how == "sum" else mean, DIGITS)


def _plain(label: Any) -> str:
    """Return a label as labels are compared: exports differ in case and blanks.

    >>> _plain("  Strongly  agree ")
    'strongly agree'
    """
    return " ".join(str(label).split()).casefold()


def _numeral(given: Any) -> float | None:
    if isinstance(given, str):
        try:
            given = float(given.strip())
        except ValueError:
            return None
    return number_of(given)
