"""Where a running project keeps its state, and how it is opened."""

from __future__ import annotations

from pathlib import Path

from coterie.engine.project import HIDDEN, Project
from coterie.storage.state import (
    applies,
    arrivals,
    changes,
    identifiers,
    memberships,
    outbox,
    profiles,
    progress,
    refreshes,
    refusals,
    remarks,
    sources,
    trigger_runs,
)
from coterie.storage.state.database import StateDatabase

_TABLES = (
    progress, arrivals, changes, memberships, profiles, identifiers, refusals, applies, refreshes, outbox, trigger_runs,
    sources, remarks,
)  # fmt: skip
SCHEMA = "".join(part.SCHEMA for part in _TABLES)


def state_path(project: Project) -> Path:
    """Return the file of committed state."""
    return project.root / HIDDEN / "state.db"


def snapshots_path(project: Project) -> Path:
    """Return the folder of snapshots."""
    return project.root / HIDDEN / "snapshots"


def open_state(project: Project) -> StateDatabase:
    """Return the database with all its tables. Raises: Damaged, Transient."""
    return StateDatabase(state_path(project), SCHEMA)
