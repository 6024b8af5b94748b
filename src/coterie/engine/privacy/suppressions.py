"""Who does not come back: asked about, and let back."""

from __future__ import annotations

from coterie.engine.holding import writing
from coterie.engine.privacy.keeping import secret_of, suppressions_of
from coterie.engine.privacy.verification import kept_keys, key_of
from coterie.engine.project import Project
from coterie.identity.rules import Checks, rules_of
from coterie.privacy.subject import marks_of


def count(project: Project) -> int:
    """Return how many identifiers are on the list."""
    return len(suppressions_of(project).marks())


def is_suppressed(project: Project, who: str) -> bool:
    """Return whether an identifier (``kind:value``, or a user id) is on the list."""
    return not suppressions_of(project).marks().isdisjoint(marks_for(project, who))


def let_back(project: Project, who: str) -> int:
    """Return how many identifiers may come back: that of ``who``, and those of the same erasure. Raises: Held."""
    with writing(project, "privacy suppressed"):
        return suppressions_of(project).lift(marks_for(project, who))


def marks_for(project: Project, who: str) -> list[bytes]:
    """Return the marks under which an identifier may be on the list: its own, and that of the pseudonym it is kept as."""
    checks = Checks(rules_of(project.settings.identity))
    return marks_of(kept_keys(project, checks, key_of(checks, who)), secret_of(project))
