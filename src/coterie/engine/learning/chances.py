"""What propensities and lookalikes share: whose chance it is, the traits that tell it, and the table that shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from msgspec import Struct, to_builtins

from coterie.engine.learning.publication import Rows
from coterie.engine.learning.tables import build
from coterie.engine.project import Project
from coterie.errors import Problem
from coterie.features.parse import parse
from coterie.features.table import FeatureTable, Texts
from coterie.learned.artefact import Artefact
from coterie.model import Undetermined, Value
from coterie.value.history import Floats
from coterie.value.propensity import Influence, Propensity
from coterie.value.ranking import Area

INFLUENCES_MOST = 12


class Chances(Struct, frozen=True, kw_only=True):
    """A probability of each of ``profiles`` (n,) as of ``at``; ``expired`` says that the model is older than it was to hold."""

    kind: str
    key: str
    version: int
    at: int
    profiles: Texts
    values: Floats
    expired: bool = False


def table_then(project: Project, artefact: Artefact, at: int) -> FeatureTable:
    """Return the features of everybody as of ``at``, as the model read them when it was fitted."""
    population = artefact.definition.get("population")
    return build(
        project, parse(artefact.feature_set), at, population=str(population) if population is not None else None
    ).table


def model_of(artefact: Artefact) -> Propensity:
    """Return the model in an artefact. Raises: Problem when its parameters are not whole."""
    try:
        return Propensity.read(artefact.parameters["model"])
    except (KeyError, TypeError, msgspec.ValidationError) as error:
        raise Problem("the parameters of the model are not whole", where=artefact.key, received=str(error)) from error


def traits_of(chances: Chances) -> Rows:
    """Return the traits of everybody: the chance to four digits, and the version of the model that said so."""
    name, version = f"{chances.kind}.{chances.key}", f"{chances.kind}_version.{chances.key}"
    told: list[tuple[str, Mapping[str, Value]]] = [
        (profile, {name: float(f"{chance:.4g}"), version: chances.version})
        for profile, chance in zip(chances.profiles, chances.values.tolist(), strict=True)
    ]
    return told


def shown(chances: Chances) -> pa.Table:
    """Return (profile, <kind>), the highest first."""
    order = np.argsort(-chances.values, kind="stable")
    profiles = pa.array(chances.profiles[order], pa.string())
    return pa.table({"profile": profiles, chances.kind: pa.array(chances.values[order])})


def area_told(area: Area | Undetermined) -> dict[str, Any]:
    """Return an area as plain data, or why there is none."""
    plain: dict[str, Any] = {"undetermined": area.reason} if isinstance(area, Undetermined) else to_builtins(area)
    return plain


def influences_told(influences: Sequence[Influence]) -> list[dict[str, Any]]:
    """Return the features that matter most, with their shares."""
    plain: list[dict[str, Any]] = to_builtins(list(influences[:INFLUENCES_MOST]))
    return plain
