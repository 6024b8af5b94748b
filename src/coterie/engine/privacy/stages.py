"""Suppression and pseudonyms as stages of a project's intake."""

from __future__ import annotations

from coterie.engine.privacy.fields import callers_of
from coterie.engine.privacy.keeping import secret_of, suppressions_of
from coterie.engine.project import Project
from coterie.errors import CoterieError
from coterie.identity.rules import Checks, rules_of
from coterie.privacy.pseudonyms import Pseudonyms
from coterie.privacy.suppression import Suppression


def suppression_of(project: Project) -> Suppression | None:
    """Return the stage that keeps erased people away, ``None`` while nobody is on the list."""
    marks = suppressions_of(project).marks()
    if not marks:
        return None
    checks = Checks(rules_of(project.settings.identity))
    movable = [kind.kind for kind in checks.rules.kinds if kind.movable]
    try:
        fields = callers_of(project, checks)
    except CoterieError:  # told where mappings and sources are used; rows that cannot be read are not looked at
        fields = []
    hashed = pseudonyms_of(project)
    kept_as = hashed.key if hashed is not None else None
    return Suppression(marks, secret_of(project), checks.key_of, checks.key_of_profile, movable, fields, kept_as)


def pseudonyms_of(project: Project) -> Pseudonyms | None:
    """Return the stage that hashes chosen fields, ``None`` where the settings choose none."""
    told = project.settings.privacy
    if not told.pseudonyms and not told.pseudonym_kinds:
        return None
    checks = Checks(rules_of(project.settings.identity))
    return Pseudonyms(told.pseudonyms, told.pseudonym_kinds, secret_of(project), checks.key_of)
