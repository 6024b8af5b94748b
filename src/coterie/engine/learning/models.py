"""The models of a project: those written in ``models/``, and those that were fitted, signed by the project's own key."""

from __future__ import annotations

from importlib import metadata

from coterie.engine.privacy.keeping import folder_of
from coterie.engine.project import HIDDEN, Project
from coterie.errors import NotFound, nearest
from coterie.learned.definition import AnyModel
from coterie.learned.parse import load
from coterie.privacy.signing import new_key
from coterie.storage.models import ModelStore
from coterie.storage.private import own

FOLDER = "models"


def models_of(project: Project) -> ModelStore:
    """Return the fitted models of a project. The key that signs them is made when it is first asked for."""
    return ModelStore(project.root / HIDDEN / FOLDER, lambda: own(folder_of(project) / "models.key", new_key))


def definitions(project: Project) -> list[AnyModel]:
    """Return the models in ``models/`` by key. Raises: InvalidDefinition with every problem of every file."""
    return load(project.root / FOLDER)


def definition(project: Project, key: str, kind: str = "") -> AnyModel:
    """Return the model with that key, of that kind when one is said. Raises: NotFound with the nearest key, InvalidDefinition."""
    known = {one.key: one for one in definitions(project) if kind in ("", one.kind)}
    if key not in known:
        hint = nearest(key, known) or f"write it: models/{key}.yaml"
        raise NotFound(f"no model {key!r}" + (f" of kind {kind}" if kind else ""), hint=hint)
    return known[key]


def libraries(*names: str) -> dict[str, str]:
    """Return the versions of these packages as they are installed, for an artefact to tell; absent ones are left out."""
    found: dict[str, str] = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
