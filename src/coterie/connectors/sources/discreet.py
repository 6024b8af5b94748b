"""A source that keeps its secrets to itself, whatever it meets: errors and places name the reference, never what it stands for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from msgspec import structs

from coterie.connectors.sources.source import Page, Position, Sight, Source
from coterie.errors import CoterieError

CHARS_MIN = 4
"""A shorter value is no secret, and would be found in words."""


class Discreet:
    """A source behind which the texts ``hidden`` (value → what is written in its place) do not come through."""

    def __init__(self, source: Source, hidden: Mapping[str, str]) -> None:
        self._source = source
        long_first = sorted(hidden, key=len, reverse=True)
        self._hidden = {value: hidden[value] for value in long_first if len(value.strip()) >= CHARS_MIN}
        self.continuous = source.continuous

    def look(self) -> Sight:
        with self._careful():
            found = self._source.look()
            return structs.replace(found, what=self._told(found.what))

    def read(self, position: Position) -> Iterator[Page]:
        with self._careful():
            for page in self._source.read(position):
                place = self._told(page.place)
                yield page if place == page.place else structs.replace(page, place=place)

    def acknowledge(self, position: Position) -> None:
        with self._careful():
            self._source.acknowledge(position)

    def close(self) -> None:
        self._source.close()

    def _told(self, text: str) -> str:
        for value, reference in self._hidden.items():
            text = text.replace(value.strip(), reference)
        return text

    @contextmanager
    def _careful(self) -> Iterator[None]:
        try:
            yield
        except CoterieError as error:
            if any(value.strip() in str(error) for value in self._hidden):
                error.args = (self._told(str(error)),)
                for name, value in vars(error).items():
                    if isinstance(value, str):
                        setattr(error, name, self._told(value))
                raise error from None  # what caused it says the same
            raise
