"""From a name that somebody gives to everything that this person is and is called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from coterie.engine.privacy.fields import numbers_of
from coterie.engine.privacy.stages import pseudonyms_of
from coterie.engine.project import Project
from coterie.errors import NotFound
from coterie.identity.identities import Identities
from coterie.identity.rules import USER_ID, Checks, rules_of
from coterie.model import TRAIT_EVENTS
from coterie.privacy.subject import Subject

_decode = msgspec.json.Decoder().decode


def person_of(project: Project, identities: Identities, who: str) -> str | None:
    """Return the person that a profile id or ``kind:value`` belongs to, also where the value is kept as a pseudonym."""
    found = identities.find(who)
    stage = pseudonyms_of(project) if found is None else None
    if stage is None:
        return found
    kind, colon, value = who.partition(":")
    kind, value = (kind, value) if colon else (USER_ID, who)
    return identities.profile_of(kind, stage.key(kind, value))


def families_of(project: Project, identities: Identities, names: Sequence[str]) -> list[str]:
    """Return the profiles of everybody who is named and known."""
    people = (person_of(project, identities, who) for who in names)
    return [one for person in people if person is not None for one in identities.members_of(person)]


def said_by(tables: Iterable[pa.Table]) -> dict[str, list[str]]:
    """Return profile → what its records said of traits, as JSON."""
    found: dict[str, list[str]] = {}
    for table in tables:
        written = table.filter(pc.is_in(table["name"].cast(pa.string()), value_set=pa.array(TRAIT_EVENTS)))
        for profile, text in zip(written["profile"].to_pylist(), written["properties"].to_pylist(), strict=True):
            found.setdefault(profile, []).append(text)
    return found


def subject_of(
    project: Project,
    identities: Identities,
    who: str,
    said: Mapping[str, Sequence[str]],
    fields: tuple[tuple[str, str], ...],
    *,
    unknown: bool = False,
) -> Subject:
    """Return the person that ``who`` (a profile id or ``kind:value``) belongs to; ``said`` is what profiles said of traits,
    ``fields`` those of ``fields_of``.

    With ``unknown`` somebody of whom nobody is known is taken at their word: there may be something in quarantine, and they
    may be suppressed. Raises: NotFound otherwise.
    """
    checks = Checks(rules_of(project.settings.identity))
    kind, colon, value = who.partition(":")
    named = checks.key_of(kind, value) if colon and kind in checks.by_kind else checks.key_of(USER_ID, who)
    person = person_of(project, identities, who)
    if person is None and not unknown:
        raise NotFound(f"nobody is called {who!r}", hint="name a profile, or an identifier as kind:value")
    profiles = identities.members_of(person) if person is not None else []
    keys = (
        [checks.key_of(one.kind, one.value) for one in identities.identifiers_of(person)] if person is not None else []
    )
    if named not in keys and identities.profile_of(*checks.identifier_of(named)) in (None, person):
        keys.append(named)
    texts = [
        *profiles,
        *[checks.identifier_of(key)[1] for key in keys],
        *_written((text for one in profiles for text in said.get(one, ())), checks),
    ]
    return Subject(
        profile=person or checks.profile_of(named),
        profiles=tuple(profiles) or (checks.profile_of(named),),
        keys=tuple(keys),
        texts=tuple(dict.fromkeys(text for text in texts if text)),
        fields=fields,
        numbers=numbers_of(project, checks, keys, texts),
    )


def _written(texts: Iterable[str], checks: Checks) -> Iterable[str]:
    """Yield the identifiers among the traits as they were written: an address in capitals, a number with spaces."""
    for text in texts:
        told = _decode(text)
        for kind in checks.by_kind:
            value = told.get(kind)
            if isinstance(value, str) and value.strip() and not checks.flaw_of(kind, checks.key_of(kind, value)):
                yield value.strip()
