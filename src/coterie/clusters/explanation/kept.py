"""An explanation as an artefact keeps it: plain data, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from coterie.clusters.explanation.facts import Difference, Explained, Explanation, ShortRule
from coterie.model import Undetermined


def explanation_of(plain: Mapping[str, Any]) -> Explanation:
    """Return the explanation of its plain data, in which {"undetermined": reason} stands for what cannot be said. Raises: KeyError, msgspec.ValidationError."""
    return Explanation(
        clusters=tuple(_cluster(one) for one in plain["clusters"]),
        people=plain["people"],
        noise=plain["noise"],
        columns=tuple(plain["columns"]),
        rule_columns=tuple(plain["rule_columns"]),
    )


def _cluster(plain: Mapping[str, Any]) -> Explained:
    rule = _unknown(plain["rule"]) or msgspec.convert(plain["rule"], ShortRule)
    return Explained(
        cluster=plain["cluster"], key=plain["key"], name=plain["name"], says=plain["says"], size=plain["size"], share=plain["share"],
        revenue=_number(plain["revenue"]), revenue_share=_number(plain["revenue_share"]),
        differences=msgspec.convert(plain["differences"], tuple[Difference, ...]), rule=rule,
    )  # fmt: skip


def _number(plain: Any) -> float | Undetermined:
    return _unknown(plain) or float(plain)


def _unknown(plain: Any) -> Undetermined | None:
    is_unknown = isinstance(plain, Mapping) and "undetermined" in plain
    return Undetermined(str(plain["undetermined"])) if is_unknown else None
