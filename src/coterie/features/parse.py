"""Feature set files: one each, ``features/<key>.yaml``; every problem of every file at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from coterie.errors import InvalidDefinition, Problem
from coterie.features.definition import FeatureSet
from coterie.segments.conditions.places import Lines
from coterie.segments.parse.text import read
from coterie.triggers.parse import files_of, form_of, named_after, text_of


def parse(data: Any, file: str = "", lines: Lines | None = None) -> FeatureSet:
    """Return the feature set that plain data describes; InvalidDefinition with every problem at once."""
    return form_of(FeatureSet, data, file, lines)


def parse_text(text: str, file: str = "") -> FeatureSet:
    """Return the feature set that YAML (or, for a file name in ``.json``, JSON) text describes."""
    document = read(text, file)
    return parse(document.data, file, document.lines)


def load(folder: str | Path) -> list[FeatureSet]:
    """Return the feature sets of a folder by key, none if there is no such folder. Raises: InvalidDefinition for all files together."""
    folder, problems = Path(folder), list[Problem]()
    found: dict[str, FeatureSet] = {}
    for file in files_of(folder):
        try:
            feature_set = parse_text(text_of(file), str(file))
        except InvalidDefinition as error:
            problems += error.problems
            continue
        problems += named_after(file, feature_set.key, found)
        found[feature_set.key] = feature_set
    if problems:
        raise InvalidDefinition(problems)
    return [found[key] for key in sorted(found)]
