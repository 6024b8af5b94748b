"""Somebody who asks for what is kept of them, or that it goes: every profile that is this person, and all they are called."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from coterie.privacy.needles import Needles
from coterie.privacy.secret import Secret


class Subject(Struct, frozen=True, kw_only=True):
    """One person, at the instant at which somebody asked."""

    profile: str
    """The canonical profile."""
    profiles: tuple[str, ...]
    """Every profile that is this person, the canonical one first."""
    keys: tuple[str, ...]
    """Identifiers as ``kind:value``, their values as they are normally written."""
    texts: tuple[str, ...]
    """Everything to look for: profiles, values of identifiers, and how they were written in what the person sent."""
    fields: tuple[tuple[str, str], ...] = ()
    """Fields in which identifiers stand and nothing else, each with what is put before its value to make one."""
    numbers: tuple[tuple[str, str], ...] = ()
    """Fields in which phone numbers stand, each with the digits of one as it may stand there without a plus."""

    @property
    def needles(self) -> Needles:
        return Needles(self.texts, self.fields, self.numbers)


def joined(subjects: Iterable[Subject]) -> Subject:
    """Return several people as one, for what is done to all of them at once."""
    every = list(subjects)
    return Subject(
        profile=every[0].profile,
        profiles=tuple(dict.fromkeys(name for one in every for name in one.profiles)),
        keys=tuple(dict.fromkeys(key for one in every for key in one.keys)),
        texts=tuple(dict.fromkeys(text for one in every for text in one.texts)),
        fields=tuple(dict.fromkeys(field for one in every for field in one.fields)),
        numbers=tuple(dict.fromkeys(number for one in every for number in one.numbers)),
    )


def marks_of(keys: Iterable[str], secret: Secret) -> list[bytes]:
    """Return the marks by which the intake knows identifiers again."""
    return [secret.mark("suppression", key) for key in keys]
