"""Where identifiers stand in what comes in: fields of events, and columns that mappings and sources name."""

from __future__ import annotations

from collections.abc import Iterable

from coterie.connectors.mapping_file import load_mapping
from coterie.connectors.sources import definitions
from coterie.engine.governance.standards import standards_of
from coterie.engine.project import Project
from coterie.governance.definition import Rule
from coterie.governance.kinds.phone import Phone, national_of
from coterie.identity.merges import LOSER
from coterie.identity.resolution import MOVED_FROM
from coterie.identity.rules import USER_ID, Checks
from coterie.privacy.numbers import DIGITS_MIN, is_number
from coterie.privacy.suppression import Field

NAMED = {
    "userId": USER_ID,
    "user_id": USER_ID,
    "profile": "",
    "anonymousId": "anonymous_id",
    "anonymous_id": "anonymous_id",
}
"""Field of an event or a record → kind of identifier; empty: the id of a profile."""
OTHERS = ("previousId", "previous_id", LOSER, MOVED_FROM, "survivor", "canonical", "merged_into")
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


def numbers_of(
    project: Project, checks: Checks, keys: Iterable[str], texts: Iterable[str]
) -> tuple[tuple[str, str], ...]:
    """Return the fields in which phone numbers stand, each with the digits of one as it may stand there without a plus.

    That is a number that is kept without one, and one whose country the project's rules take for granted: there, and only
    there, is it clear whose ``912 34 567`` is. Raises: InvalidDefinition when a mapping, a source or a rule cannot be read.
    """
    kinds = {kind.kind for kind in checks.rules.kinds if kind.normal == "phone"}
    kept = [value for kind, value in map(checks.identifier_of, keys) if kind in kinds and value.isdigit()]
    regions = {region for one in standards_of(project).rules for region in _regions(one.rule)}
    full = [text for text in texts if is_number(text)] if regions else []
    spelled = [(text[1:], national_of(text, regions)) for text in full]
    digits = [*kept, *(one for pair in spelled if pair[1] for one in pair)]
    names = dict.fromkeys(field.name for field in callers_of(project, checks) if field.kind in kinds)
    return tuple((name, one) for name in names for one in dict.fromkeys(digits) if len(one) >= DIGITS_MIN)


def _regions(rule: Rule) -> Iterable[str]:
    """Return the country that a rule takes numbers to be of."""
    told = rule.phone.region if isinstance(rule.phone, Phone) else rule.phone
    return [told] if told else []
