"""A source read to its end by a command: into the log and the quarantine, with the position behind it."""

from __future__ import annotations

from collections.abc import Callable

from coterie.connectors.sources.definitions import Definition
from coterie.connectors.sources.source import Page, Position, Source
from coterie.engine.holding import holding
from coterie.engine.ingest import Ingested, Landing
from coterie.engine.project import Project
from coterie.engine.running.files import open_state
from coterie.engine.sourcing.mapper import Mapper
from coterie.engine.sourcing.sources import opened, readings, row_keys
from coterie.errors import Conflict
from coterie.identity.rules import rules_of
from coterie.storage.state import sources
from coterie.storage.state.sources import Reading


@holding("sources pull")
def pull(
    project: Project, definition: Definition, *, now: int, progress: Callable[[Page], None] = lambda page: None
) -> Ingested:
    """Return what became of all that the source has and that was not read before.

    What was read stays read when the source fails half-way: the error of ``failures`` is raised after that was kept. Events are
    in the log before the position is, and their ids keep them from being there twice. Cost: about 10 µs per row.
    """
    if definition.kind.pushed:
        raise Conflict(f"{definition.name} is sent to us, there is nothing to read", hint="coterie serve")
    position = readings(project).get(definition.name, _UNREAD).position
    source = opened(project, definition)
    try:
        return _pulled(project, definition, source, position, now, progress)
    finally:
        source.close()


def _pulled(
    project: Project,
    definition: Definition,
    source: Source,
    position: Position,
    now: int,
    progress: Callable[[Page], None],
) -> Ingested:
    mapper = Mapper(
        definition, rules_of(project.settings.identity), limits=project.settings.limits, kept=row_keys(project, definition.name)
    )  # fmt: skip
    landing = Landing(project, definition.label, now)
    kept, waiting = Ingested(), 0
    try:
        for page in source.read(position):
            taken = mapper.take(page.chunk, page.place, now, page.scope)
            landing.keep(taken.events, taken.refused, taken.rows, taken.skipped)
            position = page.position
            progress(page)
            waiting += taken.rows
            ended = source.continuous and page.done >= 1.0
            if landing.is_full or (ended and waiting):
                kept = _keep(project, definition.name, landing, kept, position, now)
                source.acknowledge(position)
                waiting = 0
            elif ended:
                break
    finally:
        kept = _keep(project, definition.name, landing, kept, position, now)
    source.acknowledge(position)
    return kept


def _keep(project: Project, name: str, landing: Landing, before: Ingested, position: Position, now: int) -> Ingested:
    """What was read is in the log, and then how far that was."""
    done = landing.commit()
    reading = Reading(
        position=dict(position), events=done.events - before.events, refused=done.refused - before.refused, at=now
    )
    database = open_state(project)
    try:
        with database.transaction() as connection:
            sources.fold(connection, {name: reading})
    finally:
        database.close()
    return done


_UNREAD = Reading(position={}, events=0, refused=0, at=0)
