"""Who may write to a project: one server while it runs, or one command while it runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from coterie.engine.project import HIDDEN, Project
from coterie.errors import Held
from coterie.storage.lock import Lock

P = ParamSpec("P")
T = TypeVar("T")
_OURS: set[str] = set()
"""Projects that a command of this process holds already."""


def lock_of(project: Project) -> Lock:
    """Return the file that a server holds while it runs, and a command while it writes."""
    return Lock(project.root / HIDDEN / "serving")


@contextmanager
def writing(project: Project, what: str) -> Iterator[None]:
    """Hold the project while a command writes to it; what a server that crashed left committed is landed first.

    ``what`` names the command to others. Raises: Held while a server runs.
    """
    root = str(project.root.resolve())
    if root in _OURS:
        yield
        return
    lock = lock_of(project)
    if not lock.take(f"coterie {what}, process {os.getpid()}"):
        raise Held(
            f"{what}: the project is held by {lock.holder() or 'another process'}",
            hint="write through the server (its HTTP API), or stop it first",
        )
    _OURS.add(root)
    try:
        _land_what_was_left(project)
        yield
    finally:
        _OURS.discard(root)
        lock.release()


def holding(what: str) -> Callable[[Callable[Concatenate[Project, P], T]], Callable[Concatenate[Project, P], T]]:
    """Return a decorator: the function holds the project that is its first argument. See ``writing``."""

    def decorate(function: Callable[Concatenate[Project, P], T]) -> Callable[Concatenate[Project, P], T]:
        @wraps(function)
        def held(project: Project, /, *args: P.args, **more: P.kwargs) -> T:
            with writing(project, what):
                return function(project, *args, **more)

        return held

    return decorate


def _land_what_was_left(project: Project) -> None:
    """Nothing of a server that crashed waits beside the log; its next start sees one log."""
    if not (project.root / HIDDEN / "state.db").exists():
        return
    from coterie.engine.running.files import open_state
    from coterie.engine.running.landing import land
    from coterie.storage.state.database import Damaged

    try:
        database = open_state(project)
    except Damaged:
        return
    try:
        land(Project(project.root, settings=project.settings), database)
    finally:
        database.close()
