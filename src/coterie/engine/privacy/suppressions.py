"""Who does not come back: asked about, and let back."""

from __future__ import annotations

from coterie.engine.holding import writing
from coterie.engine.privacy.keeping import secret_of, suppressions_of
from coterie.engine.privacy.verification import key_of
from coterie.engine.project import Project
from coterie.identity.rules import Checks, rules_of


def count(project: Project) -> int:
    """Return how many identifiers are on the list."""
    return len(suppressions_of(project).marks())


def is_suppressed(project: Project, who: str) -> bool:
    """Return whether an identifier (``kind:value``, or a user id) is on the list."""
    return mark_of(project, who) in suppressions_of(project).marks()


def let_back(project: Project, who: str) -> int:
    """Return how many identifiers may come back: that of ``who``, and those of the same erasure. Raises: Held."""
    with writing(project, "privacy suppressed"):
        return suppressions_of(project).lift([mark_of(project, who)])


def mark_of(project: Project, who: str) -> bytes:
    """Return the mark of an identifier."""
    checks = Checks(rules_of(project.settings.identity))
    return secret_of(project).mark("suppression", key_of(checks, who))
