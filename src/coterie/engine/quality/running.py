"""A run with its owners and its alerts: what the command and the server call."""

from __future__ import annotations

from coterie.engine.project import Project
from coterie.engine.quality import rules as rule_files
from coterie.engine.quality.alerts import letters
from coterie.engine.quality.run import Report, book_of, run
from coterie.engine.running.files import open_state
from coterie.errors import InvalidDefinition
from coterie.storage.state.database import Connection
from coterie.storage.state.outbox import Outbox


def checked(project: Project, at: int, *, alert: bool, threads: int = 2) -> Report:
    """Return what a run found; with ``alert`` its messages are in the outbox, which the server sends. Raises: InvalidDefinition."""
    report = run(project, at, owners=owners_of(project), threads=threads)
    if alert and report.new:
        database = open_state(project)
        try:
            with database.transaction() as connection:
                post(project, connection, report, project.wall())
        finally:
            database.close()
    return report


def post(project: Project, connection: Connection, report: Report, now: int) -> int:
    """Messages about what is new are in the outbox, and the findings are marked as told; return how many messages."""
    made = letters(project, report.new, rule_files.load(project.root), now)
    added = Outbox(connection).add(made) if made else 0
    if made:
        book_of(project).alerted([one.id for one in report.new], now)
    return added


def owners_of(project: Project) -> dict[str, str]:
    """Return event → owner as the tracking plan says, nobody when it cannot be read."""
    from coterie.engine.taxonomy.files import tracking_plan

    try:
        plan = tracking_plan(project)
    except InvalidDefinition:
        return {}
    return {} if plan is None else {event: plan.owner(event) for event in plan.events if plan.owner(event)}
