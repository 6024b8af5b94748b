"""Where identifiers stand in what comes in: fields of events, and columns that mappings and sources name."""

from __future__ import annotations

from coterie.connectors.mapping_file import load_mapping
from coterie.connectors.sources import definitions
from coterie.engine.project import Project
from coterie.identity.merges import LOSER
from coterie.identity.rules import USER_ID, Checks
from coterie.privacy.suppression import Field

NAMED = {
    "userId": USER_ID,
    "user_id": USER_ID,
    "profile": "",
    "anonymousId": "anonymous_id",
    "anonymous_id": "anonymous_id",
}
"""Field of an event or a record → kind of identifier; empty: the id of a profile."""
OTHERS = ("previousId", "previous_id", LOSER, "survivor", "canonical", "merged_into")
"""Fields in which an identifier of any kind stands."""


def callers_of(project: Project, checks: Checks) -> list[Field]:
    """Return the fields that say whose an event or a row is. Raises: InvalidDefinition when a mapping or a source cannot be read."""
    mappings = [load_mapping(file) for file in sorted((project.root / "mappings").glob("*.yaml"))]
    mappings += [one.mapping for one in definitions.load(project.root).values()]
    told = [Field(name, kind) for name, kind in NAMED.items()] + [Field(kind, kind) for kind in checks.by_kind]
    for one in mappings:
        told += [
            Field(one.profile.column, "", one.profile.prefix),
            Field(one.profile.anonymous, "", one.profile.anonymous_prefix),
            *(Field(caller.column, caller.kind, caller.prefix) for caller in one.identifiers),
        ]
    return [one for one in dict.fromkeys(told) if one.name]


def fields_of(project: Project, checks: Checks) -> tuple[tuple[str, str], ...]:
    """Return the fields in which identifiers stand and nothing else, each with what is put before its value to make one.

    Raises: InvalidDefinition when a mapping or a source cannot be read.
    """
    told = [(one.name, start) for one in callers_of(project, checks) for start in ("", one.prefix)]
    return tuple(dict.fromkeys([*((name, "") for name in OTHERS), *told]))
