"""Files in the order of their names, each from where it was read to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from coterie.connectors.sources.kinds import Setting
from coterie.connectors.sources.source import Page, Position, Sight


class FilesSource:
    """The files that match some patterns."""

    continuous = False

    def __init__(self, patterns: tuple[str, ...], setting: Setting, options: Mapping[str, str], *, sheet: str) -> None:
        self._patterns, self._setting, self._options, self._sheet = patterns, setting, options, sheet

    def look(self) -> Sight:
        return Sight(what=", ".join(self._patterns))

    def read(self, position: Position) -> Iterator[Page]:
        yield from ()

    def acknowledge(self, position: Position) -> None:
        """Nobody waits for this."""

    def close(self) -> None:
        """Nothing is open."""
