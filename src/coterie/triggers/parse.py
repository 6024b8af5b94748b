"""Trigger files: one each, ``triggers/<key>.yaml``; every problem of every file at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, TypeVar

from coterie.errors import InvalidDefinition, NotFound, Problem, nearest
from coterie.segments.conditions.form import Form
from coterie.segments.conditions.places import Lines
from coterie.segments.parse.text import read
from coterie.segments.parse.walker import Walker
from coterie.triggers.definition import Trigger

ENDINGS = (".yaml", ".yml", ".json")
F = TypeVar("F", bound=Form)


def parse(data: Any, file: str = "", lines: Lines | None = None) -> Trigger:
    """Return the trigger that plain data describes; InvalidDefinition with every problem at once."""
    return form_of(Trigger, data, file, lines)


def parse_text(text: str, file: str = "") -> Trigger:
    """Return the trigger that YAML (or, for a file name in ``.json``, JSON) text describes."""
    document = read(text, file)
    return parse(document.data, file, document.lines)


def form_of(kind: type[F], data: Any, file: str = "", lines: Lines | None = None) -> F:
    """Return the form that plain data describes; InvalidDefinition with every problem at once."""
    walker = Walker(file, lines)
    form = walker.form(kind, data, ())
    if walker.problems:
        raise InvalidDefinition(walker.problems)
    assert isinstance(form, kind)  # without a problem there is a value
    return form


def load(folder: str | Path) -> list[Trigger]:
    """Return the triggers of a folder by key, none if there is no such folder. Raises: InvalidDefinition for all files together."""
    folder, problems = Path(folder), list[Problem]()
    found: dict[str, Trigger] = {}
    for file in files_of(folder):
        try:
            trigger = parse_text(text_of(file), str(file))
        except InvalidDefinition as error:
            problems += error.problems
            continue
        problems += named_after(file, trigger.key, found)
        found[trigger.key] = trigger
    if problems:
        raise InvalidDefinition(problems)
    return [found[key] for key in sorted(found)]


def files_of(folder: Path) -> list[Path]:
    """Return the definition files of a folder by name."""
    return sorted(one for one in folder.iterdir() if one.suffix in ENDINGS) if folder.is_dir() else []


def text_of(file: Path) -> str:
    """Return what is written in a file. Raises: InvalidDefinition when it is no text, NotFound when it is gone."""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InvalidDefinition([Problem("not UTF-8 text", where=str(file), received=error.reason)]) from error
    except FileNotFoundError as error:
        raise NotFound(f"no definition file {file}") from error


def named_after(file: Path, key: str, known: Collection[str]) -> list[Problem]:
    """Return what is wrong with the name of a file whose definition has this key."""
    if key in known:
        return [Problem("two files have this key", where=str(file), received=key, allowed="one file per key")]
    if key != file.stem:
        what = "the file is not named after the key"
        hint = f"rename the file to {key}{file.suffix}"
        return [Problem(what, where=str(file), received=key, allowed=file.stem, hint=hint)]
    return []


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


def unknown(noun: str, key: str, known: Collection[str], where: str) -> Problem:
    """Return the problem of a key that nobody defines."""
    allowed = ", ".join(sorted(known)[:20]) or f"a {noun} with a file of its own"
    return Problem(f"no {noun} has this key", where=where, received=key, allowed=allowed, hint=nearest(key, known))
