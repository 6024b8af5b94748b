"""Questions about one person's records that need no definition: what they did, and numbers over it."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

from msgspec import Struct

from coterie.engine import definitions
from coterie.engine.project import Project
from coterie.engine.records import person
from coterie.errors import Problem
from coterie.model import Event, Value
from coterie.segments import core
from coterie.segments.catalog import Catalog
from coterie.segments.oracle import Oracle
from coterie.segments.oracle.terms import value_of
from coterie.segments.parse import parse_condition
from coterie.values import event_key, normal

_VALUES = ("first", "latest", "most_frequent")


class Timeline(Struct, frozen=True, kw_only=True):
    """Events, the latest first, and where the next page begins."""

    events: tuple[Event, ...]
    next: str | None


def timeline(
    project: Project, profile: str, *, name: str = "", cursor: str | None = None, limit: int = 100
) -> Timeline:
    """Return events of a person in the order of occurrence, the latest first. Raises: NotFound, Problem for a cursor.

    Cost: the records of one person.
    """
    who = person(project, profile)
    owner = who.merges.canonical(profile)
    own = [one for one in who.events() if who.merges.canonical(one.profile) == owner and name in ("", one.name)]
    placed = sorted((((one.occurred_at, event_key(one.id)), one) for one in own), key=itemgetter(0))
    if cursor:
        end = _place(cursor)
        placed = [one for one in placed if one[0] < end]
    page = placed[::-1][:limit]
    more = len(placed) > len(page)
    return Timeline(
        events=tuple(one for _, one in page), next=f"{page[-1][0][0]}.{page[-1][0][1]}" if more and page else None
    )


def _place(cursor: str) -> tuple[int, int]:
    at, _, key = cursor.partition(".")
    try:
        return int(at), int(key)
    except ValueError as error:
        allowed = "`next` of the page before"
        raise Problem("not a cursor", where="cursor", received=cursor, allowed=allowed) from error


def aggregate(project: Project, profile: str, asked: dict[str, Any], at: int) -> tuple[Value, str]:
    """Return a value over the records of a person at ``at`` and what it is in words. ``asked`` has the fields of the
    condition ``aggregate``. Raises: InvalidDefinition, NotFound.

    The oracle computes it from the raw records, as it would for a segment. Cost: the records of one person.
    """
    compared = {"exists": True} if asked.get("kind") in _VALUES else {"at_least": 1}
    condition = parse_condition({"aggregate": {**asked, **compared}})
    node = condition.lower(definitions.context(project))
    term = _term(node)
    who = person(project, profile)
    owner = who.merges.canonical(profile, at)
    facts = Oracle(Catalog({}), who.events()).facts(owner, at)
    return (None if facts is None else normal(value_of(term, facts, at))), _words(condition.says())


def _term(node: core.Node) -> core.Aggregate:
    """Return the aggregate that a node compares."""
    while isinstance(node, core.Not):
        node = node.item
    if isinstance(node, core.All | core.Any):
        return _term(node.items[0])
    if isinstance(node, core.Compare | core.Holds) and isinstance(node.term, core.Aggregate):
        return node.term
    raise Problem("nothing to compute", where="aggregate", received=str(node)[:200])


def _words(said: str) -> str:
    return said.removeprefix("whose ").removesuffix(" exists").removesuffix(" is at least 1")
