"""Drafts as files of a project's plan."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from coterie.engine.project import Project
from coterie.engine.taxonomy.files import FOLDER, tracking_plan
from coterie.segments.parse import data_of, yaml_text
from coterie.segments.parse.folder import files_of
from coterie.taxonomy.draft import Draft, file_of


class Drafted(Struct, frozen=True, kw_only=True):
    """(name of the file, draft, text) of what was drafted, and the events that were left alone because they are planned."""

    files: tuple[tuple[str, Draft, str], ...]
    planned: tuple[str, ...]


def draft_files(project: Project, drafts: Iterable[Draft], *, write: bool, force: bool) -> Drafted:
    """Return the files that the drafts are, written if ``write``. Raises: InvalidDefinition when the plan on disk is wrong.

    An event that is planned already is left alone; with ``force`` its file is written anew.
    """
    plan = tracking_plan(project)
    folder = project.root / FOLDER
    where = _files_by_event(project)
    taken = {file.stem for file in files_of(folder)}
    found: list[tuple[str, Draft, str]] = []
    left: list[str] = []
    for one in drafts:
        name = one.event.event
        if plan is not None and name in plan.events and not force:
            left.append(name)
            continue
        stem = where.get(name) or file_of(name, taken)
        taken.add(stem)
        text = yaml_text(data_of(one.event))
        if write:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{stem}.yaml").write_text(text, encoding="utf-8")
        found.append((f"{FOLDER}/{stem}.yaml", one, text))
    return Drafted(files=tuple(found), planned=tuple(left))


def _files_by_event(project: Project) -> dict[str, str]:
    """Return which file, without its ending, describes which event."""
    from coterie.segments.parse.folder import text_of
    from coterie.segments.parse.text import read
    from coterie.taxonomy.parse import POLICY_FILE

    found: dict[str, str] = {}
    for file in files_of(project.root / FOLDER):
        if file.stem != POLICY_FILE:
            found[read(text_of(file), str(file)).data["event"]] = file.stem
    return found
