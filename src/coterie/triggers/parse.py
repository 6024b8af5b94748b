"""Trigger files: one each, ``triggers/<key>.yaml``; every problem of every file at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from operator import attrgetter
from pathlib import Path
from typing import Any

from coterie.errors import Problem
from coterie.segments.conditions.places import Lines
from coterie.segments.parse.folder import form_of, loaded, unknown
from coterie.segments.parse.text import read
from coterie.triggers.definition import Trigger


def parse(data: Any, file: str = "", lines: Lines | None = None) -> Trigger:
    """Return the trigger that plain data describes; InvalidDefinition with every problem at once."""
    return form_of(Trigger, data, file, lines)


def parse_text(text: str, file: str = "") -> Trigger:
    """Return the trigger that YAML (or, for a file name in ``.json``, JSON) text describes."""
    document = read(text, file)
    return parse(document.data, file, document.lines)


def load(folder: str | Path) -> list[Trigger]:
    """Return the triggers of a folder by key, none if there is no such folder. Raises: InvalidDefinition for all files together."""
    return list(loaded(Path(folder), parse_text, attrgetter("key")).values())


def strangers(triggers: Iterable[Trigger], segments: Collection[str], destinations: Collection[str]) -> list[Problem]:
    """Return a problem for every segment and destination that a trigger names and nobody defines."""
    problems: list[Problem] = []
    for one in triggers:
        where = f"triggers/{one.key}.yaml"
        for key in dict.fromkeys(one.segments):
            if key not in segments:
                problems.append(unknown("segment", key, segments, where))
        if one.destination not in destinations:
            problems.append(unknown("destination", one.destination, destinations, f"{where}: destination"))
    return problems
