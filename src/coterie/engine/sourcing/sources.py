"""The sources of a project: what its files say, and how far each has been read."""

from __future__ import annotations

import os
from collections.abc import Mapping

from coterie.connectors.sources import definitions
from coterie.connectors.sources.definitions import FOLDER, Definition
from coterie.connectors.sources.source import Source
from coterie.engine.holding import writing
from coterie.engine.project import HIDDEN, Project
from coterie.engine.running.files import open_state, state_path
from coterie.errors import NotFound, nearest
from coterie.storage.row_keys import RowKeys
from coterie.storage.state import sources
from coterie.storage.state.sources import Reading


def sources_of(project: Project) -> dict[str, Definition]:
    """Return the sources by name. Raises: InvalidDefinition with every problem of every file."""
    return definitions.load(project.root)


def source_named(project: Project, name: str) -> Definition:
    """Return one source. Raises: NotFound with the nearest name, InvalidDefinition."""
    found = sources_of(project)
    if name not in found:
        hint = nearest(name, found) or (f"there are: {', '.join(found)}" if found else f"write {FOLDER}/{name}.yaml")
        raise NotFound(f"no source {name!r}", hint=hint)
    return found[name]


def opened(project: Project, definition: Definition, environment: Mapping[str, str] = os.environ) -> Source:
    """Return the source, not yet connected. Raises: InvalidDefinition when the environment lacks a name."""
    return definitions.open_source(definition, project.root, environment, project.settings.limits)


def row_keys(project: Project, name: str) -> RowKeys:
    """Return where the rows of a source are counted."""
    return RowKeys(project.root / HIDDEN / FOLDER / name / "rows")


def readings(project: Project) -> dict[str, Reading]:
    """Return what is committed of every source. Cost: one small query."""
    if not state_path(project).exists():
        return {}
    database = open_state(project)
    try:
        with database.snapshot() as connection:
            return sources.read(connection)
    finally:
        database.close()


def reset(project: Project, name: str) -> bool:
    """The source is read from its beginning next time; return whether it had been read. What it brought stays, under its ids.

    Raises: Held while a server runs, NotFound when there is neither such a source nor anything of it.
    """
    with writing(project, "sources reset"):
        known = readings(project)
        if name not in known:
            source_named(project, name)
            return False
        database = open_state(project)
        try:
            with database.transaction() as connection:
                sources.forget(connection, name)
        finally:
            database.close()
        row_keys(project, name).forget()
        return True
