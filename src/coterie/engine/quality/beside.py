"""What is measured beside the log: rows that were refused, remarks of the intake, changes of membership."""

from __future__ import annotations

from collections.abc import Mapping

from coterie.engine.project import Project
from coterie.engine.running.files import open_state, state_path
from coterie.limits import DAY_US
from coterie.monitoring.measures import EVERY, Count, Observation, Share, Subject
from coterie.monitoring.terms import Stage
from coterie.storage.state import remarks
from coterie.storage.state.database import Connection

Days = Mapping[int, dict[Subject, Observation]]


def add(project: Project, days: Days, state: Connection | None = None) -> None:
    """What is known of these days beside the log is among their measures. ``state``: the committed state, when it is open already."""
    _refused(project, days)
    if state is not None:
        _remarked(state, days)
    elif days and state_path(project).is_file():
        database = open_state(project)
        try:
            _remarked(database.reader(), days)
        finally:
            database.close()
    _changed(project, days)


def _landed(day: Mapping[Subject, Observation], event: str, source: str) -> float:
    """Return the rows of a day that landed; of a source that the log does not know, those of all."""
    for where in (source, ""):
        stages = (Stage.LAND, Stage.PROFILE)
        found = [day.get(Subject(stage, event, "", where, "rows")) for stage in stages]
        rows = sum(one.rows for one in found if isinstance(one, Count))
        if rows:
            return rows
    return 0.0


def _refused(project: Project, days: Days) -> None:
    told = {(one["day"], one["source"]): one["rows"] for one in project.quarantine.daily().to_pylist()}
    sources = {source for _, source in told}
    for day, measured in days.items():
        for source in sources:
            rows = told.get((day, source), 0)
            landed = _landed(measured, EVERY, source)
            if rows or landed:
                measured[Subject(Stage.COLLECT, EVERY, "", source, "refused")] = Share(rows, rows + landed)


def _remarked(state: Connection, days: Days) -> None:
    for day, measured in days.items():
        for one in remarks.on(state, day * DAY_US):
            subject = Subject(Stage.COLLECT, one.event, one.property, "", f"remarked:{one.kind}")
            before = measured.get(subject)
            part = (before.part if isinstance(before, Share) else 0) + one.count
            measured[subject] = Share(part, max(_landed(measured, one.event, ""), part))


def _changed(project: Project, days: Days) -> None:
    for one in project.changes.daily().to_pylist():
        if one["day"] in days:
            subject = Subject(Stage.PROFILE, f"segment {one['segment']}", one["direction"], "", "changes")
            days[one["day"]][subject] = Count(one["changes"])
