"""What happens before a runner runs: the project is held, the committed state is open, and the journal knows how far it was read."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from msgspec import Struct

from coterie.engine import definitions
from coterie.engine.holding import lock_of
from coterie.engine.learning.standing import Standing, live_ones, measuring
from coterie.engine.project import Project
from coterie.engine.running.files import open_state, state_path
from coterie.engine.running.outside import Marks, newest_marks
from coterie.errors import CoterieError, Held
from coterie.segments.catalog import Catalog
from coterie.segments.definition import Segment, lower_all
from coterie.storage.lock import Lock
from coterie.storage.state import progress
from coterie.storage.state.database import Damaged, StateDatabase, salvage, set_aside

SALVAGED = ("outbox", "triggers", "trigger_runs", "trigger_days", "trigger_refusals", "sources")
"""Tables of a damaged file that nothing else can tell again: what can be read of them is kept."""


def hold(project: Project) -> Lock:
    """Return the held lock of the project. Raises: Held."""
    lock = lock_of(project)
    if not lock.take(f"a server, process {os.getpid()}"):
        raise Held(
            f"the project is held by {lock.holder() or 'another process'}",
            hint="one server per project: stop the other one first",
        )
    return lock


def open_or_begin_anew(project: Project, told: Callable[[str], None]) -> StateDatabase:
    """Return the database of committed state; a damaged one was set aside, and what nothing else tells was copied from it."""
    try:
        return open_state(project)
    except Damaged as error:
        aside = set_aside(state_path(project))
        told(f"{error.message}: set aside as {aside.name}; the state is computed again from the log and the journal")
    database = open_state(project)
    saved = salvage(aside, database, SALVAGED)
    told(f"{saved} rows of triggers, their outbox and positions of sources were read from the damaged file")
    return database


def marks_of(project: Project, database: StateDatabase) -> Marks:
    """Return how far everything had come: as committed, or, in a new file, as landed."""
    reached = progress.read(database.reader())
    if reached is None:
        return newest_marks(project)
    return Marks(journal=reached.journal, log=reached.log, sequence=reached.sequence, advanced_to=reached.advanced_to)


class Evaluated(Struct, frozen=True):
    """What the live reader evaluates, the keys of every segment in force, and the models that are kept up to date."""

    catalog: Catalog
    keys: tuple[str, ...]
    models: tuple[Standing, ...]


def evaluated(
    project: Project, segments: Sequence[Segment], told: Callable[[str, CoterieError], None] = lambda key, why: None
) -> Evaluated:
    """Return what is evaluated live when ``segments`` are in force; ``told`` hears which models cannot be, and why.

    Raises: InvalidDefinition.
    """
    lowered = lower_all([one for one in segments if one.is_live], definitions.context(project))
    models = live_ones(project, segments, told)
    return Evaluated(measuring(lowered, models), tuple(one.key for one in segments), models)
