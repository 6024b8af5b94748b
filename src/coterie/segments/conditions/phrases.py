"""How clauses join and are denied. A clause follows "People": ``who did …``, ``whose plan is …``."""

from __future__ import annotations

from collections.abc import Sequence

from coterie.segments.conditions.form import Condition
from coterie.segments.conditions.speech import listed

GROUPS = frozenset({"all", "any"})


def denied(condition: Condition) -> str:
    """Return the clause for the people who do not meet ``condition``."""
    return condition.denial() or f"who are not among those {nested(condition)}"


def nested(condition: Condition) -> str:
    """Return the clause of a part, in brackets when the part is a list of clauses itself."""
    said = condition.says()
    return f"({said})" if condition.word in GROUPS and len(getattr(condition, "items", ())) > 1 else said


def joined(items: Sequence[Condition], word: str) -> str:
    """Return the clauses joined by ``word``; a list in a list stands in brackets."""
    parts = [nested(item) if len(items) > 1 else item.says() for item in items]
    if len(parts) > 1 and any("," in part or f" {word} " in part for part in parts):
        return f"{', '.join(parts[:-1])}, {word} {parts[-1]}"
    return listed(parts, word)
