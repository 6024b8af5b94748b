"""Whether an erasure holds: the receipt is genuine, is about the person, and nothing of them is found now."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from coterie.engine.privacy.erasure import searched
from coterie.engine.privacy.fields import fields_of, numbers_of
from coterie.engine.privacy.keeping import public_key, secret_of, suppressions_of
from coterie.engine.privacy.shelves import Wanted
from coterie.engine.privacy.stages import pseudonyms_of
from coterie.engine.project import Project
from coterie.errors import Problem
from coterie.identity.rules import USER_ID, Checks, rules_of
from coterie.privacy.receipt import Receipt, Searched, check, is_about
from coterie.privacy.subject import Subject, marks_of


class Verified(Struct, frozen=True, kw_only=True):
    """What a verification came to. ``about``: whether the receipt is about everybody that was named."""

    receipt: str
    genuine: bool
    about: bool
    suppressed: bool
    complete: bool
    searched: Searched

    @property
    def holds(self) -> bool:
        """Return whether the receipt can be believed and nothing was found."""
        return self.genuine and self.about and self.complete and not self.searched.places


def verify(project: Project, receipt: Receipt, who: Sequence[str]) -> Verified:
    """Return whether the receipt holds for the identifiers ``who`` (``kind:value``, or a profile). Cost: a search of every byte.

    A receipt names nobody, so whoever asks says whom it is about.
    """
    checks = Checks(rules_of(project.settings.identity))
    keys = [key_of(checks, one) for one in who]
    kept = [kept_keys(project, checks, key) for key in keys]
    secret, marks = secret_of(project), suppressions_of(project).marks()
    try:
        check(receipt, public_key(project))
        genuine = True
    except Problem:
        genuine = False
    texts = [*who, *(checks.identifier_of(key)[1] for told in kept for key in told)]
    subject = Subject(
        profile=who[0],
        profiles=tuple(checks.profile_of(key) for key in keys),
        keys=tuple(keys),
        texts=tuple(dict.fromkeys(texts)),
        fields=fields_of(project, checks),
        numbers=numbers_of(project, checks, [one for told in kept for one in told], texts),
    )
    return Verified(
        receipt=receipt.id,
        genuine=genuine,
        about=all(
            any(is_about(receipt, text, secret) for text in (one, *told)) for one, told in zip(who, kept, strict=True)
        ),
        suppressed=all(not marks.isdisjoint(marks_of(told, secret)) for told in kept),
        complete=receipt.is_complete,
        searched=searched(project, Wanted(subject, subject.needles)),
    )


def kept_keys(project: Project, checks: Checks, key: str) -> list[str]:
    """Return an identifier as it is written, and as the pseudonym under which the project keeps it."""
    hashed = pseudonyms_of(project)
    kind, value = checks.identifier_of(key)
    return [key] if hashed is None else list(dict.fromkeys((key, checks.key_of(kind, hashed.key(kind, value)))))


def key_of(checks: Checks, text: str) -> str:
    """Return the identifier that ``kind:value``, or a bare user id, means."""
    kind, colon, value = text.partition(":")
    return checks.key_of(kind, value) if colon and kind in checks.by_kind else checks.key_of(USER_ID, text)
