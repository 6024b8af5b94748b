"""What the stages of the intake counted, whether the project is served or not."""

from __future__ import annotations

from coterie.engine.project import Project
from coterie.engine.running.files import open_state, state_path
from coterie.storage.state import remarks
from coterie.storage.state.remarks import Counted


def remarked(project: Project, stage: str = "", since: int = 0) -> list[Counted]:
    """Return what a stage (every one when not said) counted since the day of an instant, the most frequent first."""
    if not state_path(project).exists():
        return []
    database = open_state(project)
    try:
        return remarks.counts(database.reader(), stage, since)
    finally:
        database.close()
