"""The files of a tracking plan: ``tracking/`` of a project, any other folder, or how it was at a commit of git."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from coterie.engine.project import Project
from coterie.errors import NotFound, Problem
from coterie.segments.parse.folder import ENDINGS, files_of, text_of

if TYPE_CHECKING:
    from coterie.taxonomy.plan import TrackingPlan
    from coterie.taxonomy.stage import PlanStage

FOLDER = "tracking"
"""Folder of a project that holds its plan."""


def tracking_plan(project: Project) -> TrackingPlan | None:
    """Return the plan on disk, ``None`` when the project has none. Raises: InvalidDefinition with every problem."""
    if not files_of(project.root / FOLDER):
        return None
    return plan_in(project.root / FOLDER)


def required_plan(project: Project) -> TrackingPlan:
    """Return the plan on disk. Raises: NotFound when the project has none, InvalidDefinition."""
    found = tracking_plan(project)
    if found is None:
        raise NotFound(f"no tracking plan in {project.root / FOLDER}", hint="draft one: coterie plan infer")
    return found


def plan_in(folder: Path) -> TrackingPlan:
    """Return the plan in a folder. Raises: InvalidDefinition with every problem of all files."""
    return _plan_of((f"{folder.name}/{file.name}", text_of(file)) for file in files_of(folder))


def _plan_of(texts: Iterable[tuple[str, str]]) -> TrackingPlan:
    from coterie.taxonomy.parse import plan_of

    return plan_of(texts)


def stage_of(project: Project) -> PlanStage | None:
    """Return the stage of the intake that keeps the plan on disk, ``None`` without a plan. Raises: InvalidDefinition."""
    plan = tracking_plan(project)
    if plan is None:
        return None
    from coterie.engine.taxonomy.keys import names_of
    from coterie.taxonomy.stage import PlanStage

    return PlanStage(plan, names_of(project))


def plan_at(project: Project, where: str) -> TrackingPlan:
    """Return the plan in the folder ``where``, else as git has it at ``where`` (``main``, ``v1.2``, ``HEAD~1:other/folder``).

    Raises: NotFound when it is neither, InvalidDefinition.
    """
    folder = Path(where)
    if folder.is_dir():
        inner = folder / FOLDER
        return plan_in(inner if inner.is_dir() else folder)
    commit, _, path = where.partition(":")
    return _plan_of(_committed(project.root, commit, path))


def _committed(root: Path, commit: str, path: str) -> list[tuple[str, str]]:
    """Return (name, text) of the plan's files at a commit; ``path`` is from the top of the repository."""
    if commit.startswith("-"):
        raise Problem("not a commit", where="git", received=commit, allowed="a branch, a tag or a commit")
    if not path:
        inside = _git(root, "rev-parse", "--show-prefix").strip()
        path = f"{inside}{FOLDER}"
    names = _git(root, "ls-tree", "--name-only", "--full-tree", commit, f"{path.rstrip('/')}/").splitlines()
    return [(name, _git(root, "show", f"{commit}:{name}")) for name in names if name.endswith(ENDINGS)]


def _git(root: Path, *words: str) -> str:
    """Return what git says in ``root``. Raises: NotFound when there is no git, no repository or no such commit."""
    try:
        done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotFound(f"git cannot be asked: {error}") from error
    if done.returncode:
        told = done.stderr.strip().splitlines()
        raise NotFound(
            f"no folder and no commit: {told[-1] if told else ' '.join(words)}",
            hint="name a folder with a plan, or a branch, tag or commit of the repository that holds the project",
        )
    return done.stdout
