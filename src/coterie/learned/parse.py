"""Model files: one each, ``models/<key>.yaml``; every problem of every file at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from operator import attrgetter
from pathlib import Path
from typing import Any

from coterie.errors import InvalidDefinition, Problem
from coterie.learned.artefact import Artefact
from coterie.learned.definition import KINDS, AnyModel, ClustersModel, features_of, segments_of
from coterie.segments.conditions.form import Flaw
from coterie.segments.conditions.places import Lines
from coterie.segments.parse.folder import loaded, unknown
from coterie.segments.parse.synonyms import suggested
from coterie.segments.parse.text import read
from coterie.segments.parse.walker import Walker, shown


def parse(data: Any, file: str = "", lines: Lines | None = None) -> AnyModel:
    """Return the model that plain data describes; InvalidDefinition with every problem at once."""
    walker = Walker(file, lines)
    word = data.get("kind") if isinstance(data, dict) else None
    kind = KINDS.get(word) if isinstance(word, str) else None
    if kind is None:
        if isinstance(data, dict):
            what = "missing" if word is None else "not a kind of model"
            hint = suggested(str(word), KINDS) if word is not None else ""
            walker.tell(("kind",), Flaw(what, received=word, allowed=", ".join(KINDS), hint=hint))
        else:
            walker.tell((), Flaw("wrong type", received=shown(data), allowed="a mapping with key, kind, …"))
        raise InvalidDefinition(walker.problems)
    model = walker.form(kind, data, ())
    if walker.problems:
        raise InvalidDefinition(walker.problems)
    assert isinstance(model, kind)  # without a problem there is a value
    return model


def parse_text(text: str, file: str = "") -> AnyModel:
    """Return the model that YAML (or, for a file name in ``.json``, JSON) text describes."""
    document = read(text, file)
    return parse(document.data, file, document.lines)


def load(folder: str | Path) -> list[AnyModel]:
    """Return the models of a folder by key, none if there is no such folder. Raises: InvalidDefinition for all files together."""
    return list(loaded(Path(folder), parse_text, attrgetter("key")).values())


def definition_of(artefact: Artefact) -> AnyModel:
    """Return the model as it was when it was fitted. Raises: InvalidDefinition."""
    return parse(artefact.definition, f"{artefact.kind} {artefact.key}, version {artefact.version}")


def strangers(
    models: Iterable[AnyModel], segments: Collection[str], feature_sets: Mapping[str, Collection[str]]
) -> list[Problem]:
    """Return a problem for every segment, feature set and feature that a model names and nobody defines.

    ``feature_sets`` maps each feature set's key to the names of its features.
    """
    problems: list[Problem] = []
    for model in models:
        where = f"models/{model.key}.yaml"
        problems += [unknown("segment", key, segments, where) for key in segments_of(model) if key not in segments]
        key = features_of(model)
        if key is not None and key not in feature_sets:
            problems.append(unknown("feature set", key, feature_sets, f"{where}: features"))
        elif key is not None:
            known = feature_sets[key]
            problems += [
                unknown("feature", name, known, f"{where}: columns")
                for name in columns_of([model])
                if name not in known
            ]
    return problems


def columns_of(models: Iterable[AnyModel]) -> tuple[str, ...]:
    """Return every feature that models name."""
    told: list[str] = []
    for model in models:
        told += getattr(model, "columns", None) or ()
        if isinstance(model, ClustersModel):
            tried = (model.auto.columns or {}).values() if model.auto is not None else ()
            told += [name for names in tried for name in names]
            told += [model.worth] if model.worth is not None else []
    return tuple(dict.fromkeys(told))
