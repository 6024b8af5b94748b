"""The measures by name: which check each belongs to, how much of a change matters, and how it is said."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from msgspec import Struct


class Stage(StrEnum):
    """Where in the life of an event a check looks."""

    COLLECT = "collect"
    LAND = "land"
    PROFILE = "profile"


class Severity(StrEnum):
    """How bad it is: for the record, to be looked at, to be mended."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


SEVERITIES = tuple(Severity)


class Check(StrEnum):
    """The kinds of checks."""

    SCHEMA = "schema"
    UNIQUENESS = "uniqueness"
    COMPLETENESS = "null rate"
    RANGE = "range"
    REFERENCE = "reference"
    FRESHNESS = "freshness"
    VOLUME = "volume"
    DISTRIBUTION = "distribution"
    FORMAT = "format"
    TIMING = "timing"
    ACCEPTANCE = "acceptance"
    RECONCILIATION = "reconciliation"


class Term(Struct, frozen=True):
    """One measure. ``floor`` is the smallest change that matters, as a share (or a distance of two spreads)."""

    check: Check
    says: str
    """What the share is a share of: "{share} of rows have no value"."""
    floor: float
    direction: Literal["up", "down", "both"] = "up"
    severity: Severity = Severity.ERROR
    ordered: bool = False
    """Whether the bins of a spread are numbers in order."""


TERMS: dict[str, Term] = {
    "rows": Term(Check.VOLUME, "rows", 0.0, "both"),
    "changes": Term(Check.VOLUME, "membership changes", 0.0, "both", Severity.WARNING),
    "hours": Term(Check.FRESHNESS, "rows by hour", 0.0, ordered=True),
    "delays": Term(Check.TIMING, "time between occurrence and arrival", 0.12, ordered=True),
    "repeated": Term(Check.UNIQUENESS, "of rows say word for word what was there already", 0.01),
    "heaviest": Term(Check.UNIQUENESS, "of rows belong to one profile", 0.08),
    "profiles": Term(Check.UNIQUENESS, "different profiles per row", 0.15, "both"),
    "missing": Term(Check.COMPLETENESS, "of rows have no value", 0.03),
    "types": Term(Check.SCHEMA, "types of values", 0.005),
    "alike": Term(Check.UNIQUENESS, "of values are repetitions", 0.01, "both"),
    "negative": Term(Check.RANGE, "of numbers are below zero", 0.005),
    "zero": Term(Check.RANGE, "of numbers are zero", 0.03),
    "entire": Term(Check.DISTRIBUTION, "of numbers have no decimals", 0.15, "both", Severity.WARNING),
    "numbers": Term(Check.DISTRIBUTION, "sizes of numbers", 0.12, ordered=True),
    "values": Term(Check.DISTRIBUTION, "values", 0.12),
    "blank": Term(Check.FORMAT, "of texts are blank", 0.005),
    "padded": Term(Check.FORMAT, "of texts begin or end with a space", 0.005),
    "garbled": Term(Check.FORMAT, "of texts were read in a wrong encoding", 0.001),
    "shapes": Term(Check.FORMAT, "shapes of texts", 0.08),
    "lengths": Term(Check.FORMAT, "lengths of texts", 0.12, ordered=True),
    "orphans": Term(Check.REFERENCE, "of values were never seen where they should come from", 0.02),
    "refused": Term(Check.ACCEPTANCE, "of rows were refused", 0.02),
    "remarked": Term(Check.ACCEPTANCE, "of rows break the tracking plan or a rule", 0.02, severity=Severity.WARNING),
}
"""Measure → its term. A measure may carry a word after a colon (``orphans:checkout_started``)."""


def term_of(measure: str) -> Term:
    """Return the term of a measure."""
    return TERMS[measure.partition(":")[0]]
