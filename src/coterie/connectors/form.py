"""A YAML document read field by field, so that every mistake is told at once with its path and the nearest word."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from coterie.errors import Problem, nearest

T = TypeVar("T")


class Form:
    """One mapping of a document at ``where``; fields are taken out by name, and what is left over is a problem."""

    def __init__(self, data: object, where: str, problems: list[Problem]) -> None:
        self.where, self.problems = where, problems
        self._asked: list[str] = []
        if isinstance(data, dict):
            self._data: dict[Any, Any] = data
        else:
            self._data = {}
            self.wrong("a mapping is expected here", data, "fields with values")

    def wrong(self, what: str, received: object = None, allowed: str = "", *, at: str = "", hint: str = "") -> None:
        """Keep one problem, at the field ``at`` of this form."""
        where = f"{self.where}.{at}" if at and self.where else at or self.where
        self.problems.append(Problem(what, where=where, received=received, allowed=allowed, hint=hint))

    def has(self, name: str) -> bool:
        return name in self._data

    def raw(self, name: str) -> Any:
        """Return the field as it stands, ``None`` when absent."""
        self._asked.append(name)
        return self._data.get(name)

    def text(self, name: str, default: str | None = None, allowed: Iterable[str] = ()) -> str:
        """Return a text field; without a default it has to be there."""
        value, words = self.raw(name), tuple(allowed)
        if value is None:
            if default is None:
                self.wrong("missing", None, " | ".join(words) or "text", at=name)
            return default or ""
        if isinstance(value, int | float) and not isinstance(value, bool) and not words:
            value = str(value)
        if not isinstance(value, str):
            self.wrong("not a text", value, " | ".join(words) or "text", at=name)
            return default or ""
        if words and value not in words:
            self.wrong("unknown word", value, " | ".join(words), at=name, hint=nearest(value, words))
            return default or words[0]
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.raw(name)
        if value is None or isinstance(value, bool):
            return default if value is None else value
        self.wrong("not true or false", value, "true | false", at=name)
        return default

    def whole(self, name: str) -> int | None:
        value = self.raw(name)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        self.wrong("not a whole number", value, "a whole number", at=name)
        return None

    def texts(self, name: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Return a field that is one text or a list of texts."""
        value = self.raw(name)
        if value is None:
            return default
        items = value if isinstance(value, list) else [value]
        if any(isinstance(one, dict | list) or one is None for one in items):
            self.wrong("not a list of texts", value, "text, or [text, …]", at=name)
            return default
        return tuple(str(one) for one in items)

    def each(self, name: str, read: Callable[[Any, str], T]) -> tuple[T, ...]:
        """Return a list field with ``read(item, path)`` applied to every item."""
        value = self.raw(name)
        if value is None:
            return ()
        if not isinstance(value, list):
            self.wrong("not a list", value, "a list", at=name)
            return ()
        return tuple(read(one, f"{self.where}.{name}[{place}]".lstrip(".")) for place, one in enumerate(value))

    def entries(self, name: str, read: Callable[[str, Any, str], T]) -> tuple[T, ...]:
        """Return a mapping field with ``read(key, value, path)`` applied to every entry."""
        value = self.raw(name)
        if value is None:
            return ()
        if not isinstance(value, dict):
            self.wrong("not a mapping", value, "name: value", at=name)
            return ()
        return tuple(read(str(key), one, f"{self.where}.{name}.{key}".lstrip(".")) for key, one in value.items())

    def close(self) -> None:
        """Keep a problem for every field that nobody asked for."""
        for name in self._data:
            if name not in self._asked:
                words = dict.fromkeys(self._asked)
                self.wrong("unknown field", None, ", ".join(words), at=str(name), hint=nearest(str(name), words))
