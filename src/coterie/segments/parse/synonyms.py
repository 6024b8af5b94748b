"""Words of other tools, so that a wrong word gets the right one as its hint."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_SYNONYMS: dict[str, tuple[str, ...]] = {
    "and": ("all",), "or": ("any",), "nor": ("none",), "all_of": ("all",), "any_of": ("any",), "none_of": ("none",),
    "eq": ("equals",), "==": ("equals",), "=": ("equals",), "is": ("equals",), "value": ("equals",),
    "ne": ("not_equals",), "neq": ("not_equals",), "!=": ("not_equals",), "is_not": ("not_equals",),
    "gt": ("greater_than",), ">": ("greater_than",), "more_than": ("greater_than",), "above": ("greater_than",),
    "gte": ("at_least",), "ge": ("at_least",), ">=": ("at_least",), "min": ("at_least", "smallest"), "minimum": ("at_least", "smallest"),
    "lt": ("less_than",), "<": ("less_than",), "below": ("less_than",), "fewer_than": ("less_than",),
    "lte": ("at_most",), "le": ("at_most",), "<=": ("at_most",), "max": ("at_most", "largest"), "maximum": ("at_most", "largest"),
    "one_of": ("in",), "any_in": ("in",), "nin": ("not_in",), "regex": ("matches",), "regexp": ("matches",),
    "prefix": ("starts_with",), "begins_with": ("starts_with",), "suffix": ("ends_with",), "like": ("matches",),
    "is_set": ("exists",), "set": ("exists",), "present": ("exists",), "empty": ("missing",), "is_null": ("missing",),
    "null": ("missing",), "absent": ("missing",), "semver": ("version",), "geo": ("near",), "distance": ("near",),
    "name": ("event", "trait"), "events": ("event",), "event_name": ("event",), "trait": ("name",), "pattern": ("like",),
    "filter": ("where",), "filters": ("where",), "properties": ("where", "has"), "props": ("where",), "with": ("where",),
    "last": ("within", "in_last"), "in_last": ("within",), "window": ("within",), "within": ("in_last", "for"),
    "since": ("after",), "from": ("after",), "until": ("before",), "to": ("before",), "between": ("between_ago",),
    "count": ("at_least", "exactly"), "times": ("exactly", "at_least"), "timezone": ("time_zone",), "tz": ("time_zone",),
    "avg": ("mean",), "average": ("mean",), "total": ("sum",), "unique": ("distinct",), "last_value": ("latest",),
    "mode": ("most_frequent",), "field": ("property",), "prop": ("property",), "on": ("property",),
    "did_event": ("did",), "performed": ("did",), "event": ("did",), "not_did": ("did_not",), "didnt": ("did_not",),
    "segment": ("in_segment",), "list": ("in_list",), "cohort": ("in_segment",), "attribute": ("trait",),
    "property": ("trait",), "sequence": ("then",), "funnel": ("then",), "followed_by": ("then",),
    "not_followed_by": ("then_not",), "lapsed": ("inactive",), "churned": ("inactive",), "sample": ("bucket",),
    "random": ("bucket",), "consent": ("consented",), "percentile": ("top",), "unit": ("calendar",),
    "duration": ("for",), "label": ("title",), "id": ("key",), "condition": ("when",), "rule": ("when",),
    "conditions": ("when",), "percentage": ("percent",), "share": ("percent",), "seed": ("salt",),
    "always": ("everyone",), "everybody": ("everyone",), "everyone": ("all",), "radius_m": ("within_m",),
    "latitude": ("lat",), "longitude": ("lon",), "lng": ("lon",),
}  # fmt: skip


def meant_by(word: str, allowed: Iterable[str]) -> str:
    """Return the allowed word that ``word`` was probably meant to be, or an empty string."""
    known = list(allowed)
    plain = word.strip().lower().replace("-", "_").replace(" ", "_")
    if plain in known:
        return plain
    synonym = next((one for one in _SYNONYMS.get(plain, ()) if one in known), "")
    return synonym or next(iter(get_close_matches(plain, known, n=1, cutoff=0.6)), "")


def suggested(word: str, allowed: Iterable[str]) -> str:
    """Return a hint naming the word that was probably meant, or an empty string."""
    meant = meant_by(word, allowed)
    return f"did you mean {meant!r}?" if meant else ""
