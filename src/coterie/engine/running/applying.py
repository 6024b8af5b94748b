"""An edit that is committed becomes files: the definitions in ``segments/`` and the fact in ``applies/``, in any case once."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from coterie.engine.project import Project
from coterie.storage.state import applies
from coterie.storage.state.database import StateDatabase


def settle(project: Project, database: StateDatabase) -> int:
    """Every edit that is committed is in files; return how many were not. Safe to repeat after a crash anywhere in it.

    The commits are synced first, so that no power cut can leave files of an edit that is not committed.
    """
    waiting = applies.waiting(database.reader())
    if not waiting:
        return 0
    database.checkpoint()
    known = {apply.number for apply in project.applied.history()}
    for pending in waiting:
        for name, text in pending.files.items():
            write_definition(project.root / "segments" / name, text)
        if pending.apply.number not in known:
            with suppress(FileExistsError):
                project.applied.record(pending.apply)
        with database.transaction(aside=True) as connection:
            applies.forget(connection, pending.apply.number)
    return len(waiting)


def write_definition(path: Path, text: str | None) -> None:
    """The file says ``text``, whole or as before; ``None``: it is not there."""
    if text is None:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)
