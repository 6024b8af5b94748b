"""Lookalikes over a project's log: who resembles the members of a segment as of an instant."""

from __future__ import annotations

import numpy as np
from msgspec import to_builtins

from coterie.engine import definitions
from coterie.engine.history import History
from coterie.engine.learning import chances
from coterie.engine.learning.chances import Chances
from coterie.engine.learning.models import libraries
from coterie.engine.learning.tables import build, feature_set_of
from coterie.engine.learning.telling import Told, quiet
from coterie.engine.project import Project
from coterie.errors import NotFound, nearest
from coterie.learned.artefact import Artefact
from coterie.learned.definition import LookalikeModel
from coterie.learned.parse import definition_of
from coterie.model import Undetermined
from coterie.segments.durations import us_of
from coterie.segments.parse.written import data_of
from coterie.value.boosting import Settings
from coterie.value.likeness import resemble, words


def fit(project: Project, model: LookalikeModel, at: int, told: Told = quiet) -> Artefact | Undetermined:
    """Return the model learned from everybody as of ``at``; it is neither saved nor published. Undetermined with too few members.

    Raises: NotFound, InvalidDefinition. Cost: two scans of the log, and six fits.
    """
    told("features of everybody", 0.1)
    built = build(project, feature_set_of(project, model.features), at, population=model.population)
    members = _members(project, model.seed_segment, at)
    told("learning", 0.5)
    found = resemble(
        built.table, np.array([one in members for one in built.table.profiles], bool),
        Settings(trees=model.trees, leaves=model.leaves, learning_rate=model.learning_rate, seed=model.seed),
        members_min=model.positives_min, columns=model.columns,
    )  # fmt: skip
    if isinstance(found, Undetermined):
        return found
    quality = {
        "auc": chances.area_told(found.area),
        "reliability": to_builtins(found.reliability),
        "members": found.members,
        "trees": found.rounds,
        "influences": chances.influences_told(found.influences),
    }
    return Artefact(
        kind="lookalike", key=model.key, title=model.title, fitted_at=project.wall(), as_of=at,
        since=project.events.extent().first_received_at, people=found.people, definition=data_of(model),
        feature_set=data_of(built.feature_set), seed=model.seed, parameters={"model": found.model.told()},
        quality=quality, warnings=tuple(words(found)), valid_until=at + us_of(model.valid_for), coterie=libraries("coterie").get("coterie", ""),
        libraries=libraries("numpy", "scipy", "scikit-learn", "lightgbm"),
    )  # fmt: skip


def scored(project: Project, artefact: Artefact, at: int) -> Chances:
    """Return how much everybody who is no member resembles the members as of ``at``: the probability of being one."""
    model = definition_of(artefact)
    assert isinstance(model, LookalikeModel), "the store keeps each kind apart"
    table = chances.table_then(project, artefact, at)
    members = _members(project, model.seed_segment, at)
    others = table.only(np.array([one not in members for one in table.profiles], bool))
    values = chances.model_of(artefact).chances(others)
    expired = artefact.valid_until is not None and artefact.valid_until < at
    return Chances(
        kind="lookalike", key=artefact.key, version=artefact.version, at=at, profiles=others.profiles, values=values,
        expired=expired,
    )  # fmt: skip


def _members(project: Project, key: str, at: int) -> set[str]:
    catalog = definitions.catalog(project, definitions.candidates(project))
    if key not in catalog:
        raise NotFound(f"no segment {key!r}", hint=nearest(key, catalog.keys))
    with History(project.events) as history:
        return history.members_at(catalog, key, at)
