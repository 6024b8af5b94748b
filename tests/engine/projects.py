"""Small projects for tests of the engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from coterie.clock import ManualClock
from coterie.engine.project import Project
from coterie.storage.log import conform
from tests.storage.logs import rows

DAY = 86_400_000_000
NOW = 20_000 * DAY


def project(folder: Path, segments: dict[str, str], *events: dict[str, Any], present: str = "log") -> Project:
    """Return a project with these definitions (key → YAML of its ``when``) and events (``days``: when, in days before NOW)."""
    (folder / "segments").mkdir(parents=True)
    (folder / "coterie.yaml").write_text(f"name: test\npresent: {present}\n")
    for key, when in segments.items():
        write(folder, key, when)
    made = Project(folder, ManualClock(NOW))
    if events:
        made.events.append(conform(rows(*(at(**event) for event in events))))
    return made


def write(folder: Path, key: str, when: str, **fields: str) -> None:
    """Write a definition."""
    head = "".join(f"{name}: {value}\n" for name, value in {"key": key, **fields}.items())
    (folder / "segments" / f"{key}.yaml").write_text(f"{head}when: {when}\n")


def at(days: float, late: float = 0, **fields: Any) -> dict[str, Any]:
    """Return an event that happened ``days`` before NOW and arrived ``late`` days after."""
    occurred = NOW - round(days * DAY)
    return {"occurred_at": occurred, "received_at": occurred + round(late * DAY), **fields}
