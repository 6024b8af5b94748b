"""Lists of people (``lists/<name>.csv``): who is on them, replaced as a whole or changed one by one."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends
from msgspec import Struct

from coterie.engine.project import Project
from coterie.engine.rolls import Taken, change_list
from coterie.errors import NotFound, Problem
from coterie.web.api.pages import Rows, sliced
from coterie.web.api.routes import By, Cursor, Here, Limit, Routes, Word, taken

routes = Routes("lists")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")


class ListTold(Struct, frozen=True, kw_only=True):
    """A list: its newest version, and how many are on it."""

    name: str
    version: int
    size: int


class ListChanged(Struct, frozen=True, kw_only=True):
    """What a change of a list did, and the journal position of it."""

    name: str
    version: int
    size: int
    added: int
    removed: int
    position: int | None


class Profiles(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everybody who is to be on the list, by profile id."""

    profiles: list[str]


class Moves(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is to be put on the list and who taken off it, by profile id."""

    add: list[str] = []
    remove: list[str] = []


@routes.get("/lists", Rows[ListTold])
async def list_lists(desk: Here, cursor: Cursor = None, limit: Limit = 100) -> Rows[ListTold]:
    """Return the lists of the project."""
    return sliced(await desk.ask(_lists, desk.project, landed=False), cursor, limit)


@routes.get("/lists/{name}", Rows[str])
async def read_list(desk: Here, name: Word, cursor: Cursor = None, limit: Limit = 1000) -> Rows[str]:
    """Return the profiles on a list."""
    _known(desk, name)
    return sliced(await desk.ask(desk.project.lists.members, name, landed=False), cursor, limit)


@routes.put("/lists/{name}", ListChanged, body=Profiles)
async def put_list(desk: Here, by: By, name: Word, body: Annotated[Profiles, Depends(taken(Profiles))]) -> ListChanged:
    """Make a list exactly these people. Who is taken off it is remembered as removed, not as never added."""
    _checked(name, body.profiles)
    return await _change(desk, by, name, body.profiles, (), replace=True)


@routes.post("/lists/{name}", ListChanged, body=Moves)
async def change_members(desk: Here, by: By, name: Word, body: Annotated[Moves, Depends(taken(Moves))]) -> ListChanged:
    """Put people on a list and take others off it."""
    _checked(name, [*body.add, *body.remove])
    return await _change(desk, by, name, body.add, body.remove, replace=False)


async def _change(
    desk: Here, by: By, name: str, add: list[str], remove: tuple[str, ...] | list[str], *, replace: bool
) -> ListChanged:
    async with desk.editing:
        done: Taken = await desk.ask(
            change_list, desk.project, desk.runner.put, name, add, remove, replace=replace, landed=False
        )
        if done.position is not None:
            await desk.reach(done.position, desk.limits.api_wait_s_max)
    await desk.record(
        by, "list.change", f"list:{name}", {"version": done.version - 1},
        {"version": done.version, "added": done.added[:1000], "removed": done.removed[:1000]},
    )  # fmt: skip
    return ListChanged(
        name=name, version=done.version, size=done.size, added=len(done.added), removed=len(done.removed),
        position=done.position,
    )  # fmt: skip


def _lists(project: Project) -> list[ListTold]:
    return [
        ListTold(name=name, version=project.lists.version(name), size=len(project.lists.members(name)))
        for name in project.lists.names()
    ]


def _known(desk: Here, name: str) -> None:
    if name not in desk.project.lists.names():
        raise NotFound(f"no list {name[:100]!r}", hint="see them: GET /v1/lists")


def _checked(name: str, profiles: list[str]) -> None:
    if not _NAME.fullmatch(name):
        raise Problem("not a name of a list", where="name", received=name, allowed="a-z, 0-9, - and _")
    for place, one in enumerate(profiles):
        if not 0 < len(one.strip()) <= 1000 or "\n" in one or "\r" in one or one != one.strip():
            raise Problem(
                "not a profile id", where=f"body[{place}]", received=one[:100], allowed="text without line ends"
            )
