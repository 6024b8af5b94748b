"""Lists changed while a project is served: the file, its versioned copy, and the facts in the log say the same."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from coterie.engine.project import Project
from coterie.model import SET


class Taken(Struct, frozen=True, kw_only=True):
    """What became of a list. ``position`` is the journal position of its facts, ``None`` when nobody was moved."""

    version: int
    size: int
    added: tuple[str, ...]
    removed: tuple[str, ...]
    position: int | None


def change_list(
    project: Project,
    put: Callable[[Sequence[dict[str, Any]]], int],
    name: str,
    add: Sequence[str],
    remove: Sequence[str] = (),
    *,
    replace: bool = False,
) -> Taken:
    """Put people on the list ``name`` and take others off it; with ``replace`` it is exactly ``add`` afterwards.

    ``lists/<name>.csv`` is rewritten whole or not at all, then ``put`` is given the facts (trait ``list.<name>``), then the
    version is kept. A crash between these is mended by the next change or apply: the facts' ids name the version.
    """
    gone = set(remove)
    before = [] if replace else project.lists.members(name)
    profiles = [one for one in dict.fromkeys([*before, *add]) if one not in gone]
    _write(project, name, profiles)
    change = project.lists.change(name)
    trait = f"list.{name}"
    facts = [
        {"id": f"{trait}@{change.version}:{one}", "name": SET, "profile": one, "properties": {trait: on}}
        for some, on in ((change.added, True), (change.removed, False))
        for one in some
    ]
    if not facts and project.lists.version(name):
        return Taken(version=project.lists.version(name), size=len(profiles), added=(), removed=(), position=None)
    position = put(facts) if facts else None
    project.lists.take(change)
    return Taken(
        version=change.version, size=len(profiles), added=change.added, removed=change.removed, position=position
    )


def _write(project: Project, name: str, profiles: Sequence[str]) -> None:
    folder = project.lists.folder
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{name}.draft"
    with draft.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["profile"])
        writer.writerows([one] for one in profiles)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(draft, folder / f"{name}.csv")
