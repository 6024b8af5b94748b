"""Regular expressions are RE2: linear in time, and the same in every reader."""

from __future__ import annotations

import re2

from coterie.segments.conditions.form import Flaw


def flaw_of_pattern(pattern: str) -> Flaw | None:
    """Return what keeps ``pattern`` from being an RE2 expression, or ``None``."""
    allowed = "an RE2 expression: no look-around, no back-references"
    if not pattern:
        return Flaw("empty", received=pattern, allowed=allowed)
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options=options)
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error.args[0])
        return Flaw(f"not an RE2 expression ({reason})", received=pattern, allowed=allowed)
    return None
