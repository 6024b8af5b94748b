"""Folders of definitions: one file each, named after its key; every problem of every file at once."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, TypeVar

from coterie.errors import InvalidDefinition, NotFound, Problem, nearest
from coterie.segments.conditions.form import Form
from coterie.segments.conditions.places import Lines
from coterie.segments.parse.walker import Walker

ENDINGS = (".yaml", ".yml", ".json")
F = TypeVar("F", bound=Form)
T = TypeVar("T")


def form_of(kind: type[F], data: Any, file: str = "", lines: Lines | None = None) -> F:
    """Return the form that plain data describes; InvalidDefinition with every problem at once."""
    walker = Walker(file, lines)
    form = walker.form(kind, data, ())
    if walker.problems:
        raise InvalidDefinition(walker.problems)
    assert isinstance(form, kind)  # without a problem there is a value
    return form


def loaded(folder: Path, parse_text: Callable[[str, str], T], key_of: Callable[[T], str]) -> dict[str, T]:
    """Return what the files of a folder define, by key, nothing if there is no such folder.

    ``parse_text`` is given the text of a file and its name. Raises: InvalidDefinition for all files together.
    """
    problems: list[Problem] = []
    found: dict[str, T] = {}
    for file in files_of(folder):
        try:
            one = parse_text(text_of(file), str(file))
        except InvalidDefinition as error:
            problems += error.problems
            continue
        key = key_of(one)
        problems += named_after(file, key, found)
        found[key] = one
    if problems:
        raise InvalidDefinition(problems)
    return {key: found[key] for key in sorted(found)}


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


def named_after(file: Path, key: str, known: Collection[str] = ()) -> list[Problem]:
    """Return what is wrong with the name of a file whose definition has this key."""
    if key in known:
        return [Problem("two files have this key", where=str(file), received=key, allowed="one file per key")]
    if key != file.stem:
        what = "the file is not named after the key"
        hint = f"rename the file to {key}{file.suffix}"
        return [Problem(what, where=str(file), received=key, allowed=file.stem, hint=hint)]
    return []


def unknown(noun: str, key: str, known: Collection[str], where: str) -> Problem:
    """Return the problem of a key that nobody defines."""
    allowed = ", ".join(sorted(known)[:20]) or f"a {noun} with a file of its own"
    return Problem(f"no {noun} has this key", where=where, received=key, allowed=allowed, hint=nearest(key, known))
