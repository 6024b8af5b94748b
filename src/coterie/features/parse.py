"""Feature set files: one each, ``features/<key>.yaml``; every problem of every file at once."""

from __future__ import annotations

from operator import attrgetter
from pathlib import Path
from typing import Any

from coterie.features.definition import FeatureSet
from coterie.segments.conditions.places import Lines
from coterie.segments.parse.folder import form_of, loaded
from coterie.segments.parse.text import read


def parse(data: Any, file: str = "", lines: Lines | None = None) -> FeatureSet:
    """Return the feature set that plain data describes; InvalidDefinition with every problem at once."""
    return form_of(FeatureSet, data, file, lines)


def parse_text(text: str, file: str = "") -> FeatureSet:
    """Return the feature set that YAML (or, for a file name in ``.json``, JSON) text describes."""
    document = read(text, file)
    return parse(document.data, file, document.lines)


def load(folder: str | Path) -> list[FeatureSet]:
    """Return the feature sets of a folder by key, none if there is no such folder. Raises: InvalidDefinition for all files together."""
    return list(loaded(Path(folder), parse_text, attrgetter("key")).values())
