"""Typed clients: a plan as source text, so that editors and compilers find what breaks it before it is sent."""

from __future__ import annotations

from collections.abc import Callable

from coterie.taxonomy.clients import python, typescript
from coterie.taxonomy.plan import TrackingPlan

LANGUAGES: dict[str, tuple[str, Callable[[TrackingPlan], str]]] = {
    "python": ("tracking.py", python.text_of),
    "typescript": ("tracking.ts", typescript.text_of),
}
"""Language → the name of the file, and what writes its text from a plan."""
