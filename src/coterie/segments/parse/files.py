"""Definition files: one segment each, ``segments/<key>.yaml``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from coterie.errors import InvalidDefinition, NotFound, Problem
from coterie.segments.conditions.form import Condition, Flaw
from coterie.segments.conditions.places import Lines
from coterie.segments.definition import Segment
from coterie.segments.parse.slots import slots
from coterie.segments.parse.text import read
from coterie.segments.parse.walker import BAD, Walker

ENDINGS = (".yaml", ".yml", ".json")


def parse(data: Any, file: str = "", lines: Lines | None = None) -> Segment:
    """Return the segment that plain data describes; InvalidDefinition with every problem at once."""
    walker = Walker(file, lines)
    segment = walker.form(Segment, data, ())
    if walker.problems:
        raise InvalidDefinition(walker.problems)
    assert isinstance(segment, Segment)  # without a problem there is a value
    explicit = frozenset(
        slot.key for slot in slots(Segment) if not slot.required and slot.key in data
        and getattr(segment, slot.name) == slot.default
    )  # fmt: skip
    return msgspec.structs.replace(segment, explicit=explicit)


def parse_condition(data: Any, file: str = "") -> Condition:
    """Return the condition that plain data describes; InvalidDefinition with every problem at once."""
    walker = Walker(file)
    condition = walker.condition(data, ())
    if walker.problems or condition is BAD:
        raise InvalidDefinition(walker.problems)
    return condition  # type: ignore[no-any-return]


def parse_text(text: str, file: str = "") -> Segment:
    """Return the segment that YAML (or, for a file name in ``.json``, JSON) text describes."""
    document = read(text, file)
    return parse(document.data, file, document.lines)


def load(path: str | Path) -> list[Segment]:
    """Return the segments of a file, or of all definition files of a folder, by name.

    InvalidDefinition tells the problems of all files together; NotFound when there is no such path.
    """
    path = Path(path)
    if not path.exists():
        raise NotFound(f"no definition file or folder {path}")
    files = [path] if path.is_file() else sorted(one for one in path.iterdir() if one.suffix in ENDINGS)
    problems: list[Problem] = []
    segments: dict[str, tuple[Segment, Path]] = {}
    for file in files:
        try:
            segment = _load_one(file)
        except InvalidDefinition as error:
            problems += error.problems
            continue
        if segment.key in segments:
            other = segments[segment.key][1]
            problems.append(
                Problem("two files have this key", where=str(file), received=segment.key, hint=f"see {other}")
            )
        segments[segment.key] = (segment, file)
    if problems:
        raise InvalidDefinition(problems)
    return [segment for segment, _ in segments.values()]


def _load_one(file: Path) -> Segment:
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InvalidDefinition([Problem("not UTF-8 text", where=str(file), received=error.reason)]) from error
    segment = parse_text(text, str(file))
    if segment.key != file.stem:
        flaw = Flaw("the file is not named after the key", received=segment.key, allowed=file.stem,
                    hint=f"rename the file to {segment.key}{file.suffix}")  # fmt: skip
        raise InvalidDefinition(
            [Problem(flaw.what, where=str(file), received=flaw.received, allowed=flaw.allowed, hint=flaw.hint)]
        )
    return segment
