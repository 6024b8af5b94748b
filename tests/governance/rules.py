"""Rules and events for the tests of governance."""

from __future__ import annotations

from typing import Any

from coterie.connectors.sources.tracking.tracked import Tracked
from coterie.errors import Problem
from coterie.governance.definition import Rule, normal_of
from coterie.governance.normal import Unfit
from coterie.governance.parse import parse_text
from coterie.governance.standardise import Standardise
from coterie.intake.stage import Passed
from coterie.model import Value
from coterie.segments.parse.folder import form_of

AT = 1_767_355_200_000_000
"""2026-01-02, noon UTC."""
FILES = {
    "ecb.csv": "Date,USD,NOK,XXY\n2026-01-02,1.1,11.5,N/A\n2026-01-01,1.0,11.0,2\n2025-06-01,1.2,10.0,2\n",
    "long.csv": "date,currency,rate\n2026-01-01,EUR,0.5\n2026-01-01,SEK,10\n",
    "colours.csv": "term,synonym\nred,rouge\nred,rot\nblue,\n",
}


def texts(name: str) -> str:
    if name not in FILES:
        raise Problem("no such file", received=name)
    return FILES[name]


def made(rule: dict[str, Any], value: Value, at: int = AT, **beside: Value) -> Value | Unfit:
    """Return what one rule makes of a value."""
    form: Rule = form_of(Rule, {"property": "x", **rule})
    return normal_of(form, texts).make(value, beside, at)


def why(rule: dict[str, Any], value: Value, at: int = AT, **beside: Value) -> str:
    """Return why a rule cannot make a value normal."""
    found = made(rule, value, at, **beside)
    assert isinstance(found, Unfit), found
    return found.reason


def stage(rules: str) -> Standardise:
    """Return the stage of rules in YAML, indented as a list."""
    return Standardise(parse_text(f"key: test\nrules:\n{rules}", "test.yaml", texts))


def event(name: str = "order", /, *identifiers: tuple[str, str], at: int = AT, **properties: Value) -> Tracked:
    return Tracked("e1", name, identifiers or (("user_id", "ada"),), at, dict(properties))


def taken(one: Standardise, *events: Tracked, source: str = "web") -> Passed:
    """Return what became of events."""
    return one.apply(list(events), source, AT)
