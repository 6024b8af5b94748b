"""Definition files: one segment each, ``segments/<key>.yaml``."""

from __future__ import annotations

from operator import attrgetter
from pathlib import Path
from typing import Any

import msgspec

from coterie.errors import InvalidDefinition, NotFound
from coterie.segments.conditions.form import Condition
from coterie.segments.conditions.places import Lines
from coterie.segments.definition import Segment
from coterie.segments.parse.folder import form_of, loaded, named_after, text_of
from coterie.segments.parse.slots import slots
from coterie.segments.parse.text import read
from coterie.segments.parse.walker import BAD, Walker


def parse(data: Any, file: str = "", lines: Lines | None = None) -> Segment:
    """Return the segment that plain data describes; InvalidDefinition with every problem at once."""
    segment = form_of(Segment, data, file, lines)
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
    if not path.is_file():
        return list(loaded(path, parse_text, attrgetter("key")).values())
    segment = parse_text(text_of(path), str(path))
    if problems := named_after(path, segment.key):
        raise InvalidDefinition(problems)
    return [segment]
