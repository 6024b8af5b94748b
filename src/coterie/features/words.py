"""The small values that feature sets are written with: keys and names."""

from __future__ import annotations

import re
from typing import Annotated, TypeAlias

from coterie.segments.conditions.form import Flaw
from coterie.segments.conditions.words import Word
from coterie.triggers.words import key_word

NAME_PATTERN = "[a-z][a-z0-9_]{0,63}"


def _refuse_name(text: str) -> Flaw | None:
    if re.fullmatch(NAME_PATTERN, text):
        return None
    fixed = slug(text).lstrip("0123456789_")
    allowed = "a lower-case letter, then letters, digits and _, at most 64, such as orders_90d"
    return Flaw("not a feature name", received=text, allowed=allowed, hint=f"write {fixed}" if fixed else "")


def slug(text: str) -> str:
    """Return ``text`` as part of a feature's name: ``Home & Garden`` becomes ``home_garden``; empty when nothing is left."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:40]


FeatureSetKey: TypeAlias = Annotated[str, key_word("a feature set key")]
FeatureName: TypeAlias = Annotated[str, Word("a feature name", _refuse_name, {"pattern": f"^{NAME_PATTERN}$"})]
