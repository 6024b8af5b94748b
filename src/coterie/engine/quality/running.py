"""A run with its owners and its alerts: what the command and the server call."""

from __future__ import annotations

from coterie.engine.project import Project
from coterie.engine.quality import rules as rule_files
from coterie.engine.quality.alerts import letters
from coterie.engine.quality.run import Report, book_of, run
from coterie.engine.running.files import open_state
from coterie.errors import InvalidDefinition
from coterie.limits import DAY_US
from coterie.storage.state.database import Connection
from coterie.storage.state.outbox import Outbox

UNTOLD_US = 2 * DAY_US
"""What was found longer ago and not told, because nobody was to be told, is not told any more."""


def checked(project: Project, at: int, *, alert: bool, threads: int = 2) -> Report:
    """Return what a run found; with ``alert`` its messages are in the outbox, which the server sends. Raises: InvalidDefinition."""
    report = run(project, at, owners=owners_of(project), threads=threads)
    if alert:
        database = open_state(project)
        try:
            with database.transaction() as connection:
                post(project, connection, at, project.wall())
        finally:
            database.close()
    return report


def post(project: Project, connection: Connection, at: int, now: int) -> int:
    """Messages about what nobody was told of in the last two days are in the outbox; return how many messages.

    ``at`` is the present of the checks, ``now`` that of the outbox.
    """
    book = book_of(project)
    made, told = letters(project, book.untold(at - UNTOLD_US), rule_files.load(project.root), now)
    added = Outbox(connection).add(made) if made else 0
    book.alerted(told, now)
    return added


def owners_of(project: Project) -> dict[str, str]:
    """Return event → owner as the tracking plan says, nobody when it cannot be read."""
    from coterie.engine.taxonomy.files import tracking_plan

    try:
        plan = tracking_plan(project)
    except InvalidDefinition:
        return {}
    return {} if plan is None else {event: plan.owner(event) for event in plan.events if plan.owner(event)}
