"""Rule files, ``quality/<key>.yaml``: what the rows of an event have to be like, in the owner's words."""

from __future__ import annotations

from operator import attrgetter
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from coterie.engine.project import Project
from coterie.errors import InvalidDefinition
from coterie.segments.conditions.form import Check, Choice, Flaw, Form
from coterie.segments.conditions.patterns import flaw_of_pattern
from coterie.segments.conditions.words import Doc, Duration, Name, Text, number, whole
from coterie.segments.parse.folder import files_of, form_of, loaded, unknown
from coterie.segments.parse.text import read
from coterie.settings import FILE
from coterie.triggers.words import key_word

FOLDER = "quality"
RuleKey = Annotated[str, key_word("a key of a rule")]


def _range(between: tuple[float, ...] | None) -> Flaw | None:
    if between is None or (len(between) == 2 and between[0] <= between[1]):
        return None
    return Flaw(
        "not a range", "between", received=list(between), allowed="two numbers, the smaller one first: [0, 5000]"
    )


def _pattern(matches: str | None) -> Flaw | None:
    return None if matches is None else flaw_of_pattern(matches)


class Expect(Form, frozen=True, kw_only=True):
    """What one property has to be like."""

    checks: ClassVar[tuple[Check, ...]] = (Check(("between",), _range), Check(("matches",), _pattern))

    required: Annotated[bool, Doc("Whether every row has a value.")] = False
    type: Annotated[Literal["number", "text", "boolean", "list"] | None, Doc("The JSON type of every value.")] = None
    between: Annotated[tuple[Annotated[float, number(None, None)], ...] | None, Doc("Smallest and largest number, both allowed.")] = None  # fmt: skip
    one_of: Annotated[tuple[Text, ...] | None, Doc("The only texts there may be.")] = None
    matches: Annotated[Text | None, Doc("A pattern (RE2) in which every text fits as a whole.")] = None
    unique: Annotated[bool, Doc("Whether no value comes twice on a day.")] = False
    seen_in: Annotated[Name | None, Doc("Event in which the same property had this value before.")] = None
    within: Annotated[Duration, Doc("How long before at most; 30d when not said.")] = "30d"
    may_fail: Annotated[float, number(None, 1, least=0), Doc("Share of rows that may be otherwise; 0 when not said.")] = 0.0  # fmt: skip


class Rule(Form, frozen=True, kw_only=True):
    """One file: rows of one event, and what is expected of them, every day anew."""

    choices: ClassVar[tuple[Choice, ...]] = (
        Choice((("expect",), ("rows_at_least",), ("rows_at_most",), ("fresh_within",)), least=1, most=4),
    )

    key: Annotated[RuleKey, Doc("The rule's name for ever; the file is `quality/<key>.yaml`.")]
    title: Annotated[str, Doc("Its name for people.")] = ""
    owner: Annotated[str, Doc("Who answers for it: an e-mail address, or a name.")] = ""
    severity: Annotated[Literal["info", "warning", "error"], Doc("How bad it is when it does not hold; error when not said.")] = "error"  # fmt: skip
    event: Annotated[Name, Doc("The event; `$identify` and `$set` for traits.")]
    source: Annotated[Text | None, Doc("Only rows that came from this source.")] = None
    expect: Annotated[dict[Name, Expect] | None, Doc("Property → what it has to be like.")] = None
    rows_at_least: Annotated[int | None, whole(0), Doc("So many rows a day are the least.")] = None
    rows_at_most: Annotated[int | None, whole(0), Doc("So many rows a day are the most.")] = None
    fresh_within: Annotated[Duration | None, Doc("The newest row is never older than this.")] = None
    alerts: Annotated[tuple[Text, ...] | None, Doc("Destinations that are told; those of the settings when not said.")] = None  # fmt: skip


def load(root: Path) -> dict[str, Rule]:
    """Return the rules of a project by key, none if it has no such folder. Raises: InvalidDefinition for all files together."""
    return loaded(root / FOLDER, parse_text, attrgetter("key"))


def parse_text(text: str, file: str = "") -> Rule:
    """Return the rule that YAML (or, for a file name in ``.json``, JSON) text describes. Raises: InvalidDefinition."""
    document = read(text, file)
    return form_of(Rule, document.data, file, document.lines)


def checked(project: Project) -> dict[str, Rule]:
    """Return the rules of a project. Raises: InvalidDefinition with every problem, also of destinations that nobody defines."""
    rules = load(project.root)
    known = {file.stem for file in files_of(project.root / "destinations")}
    told = [(f"{FOLDER}/{rule.key}.yaml: alerts", key) for rule in rules.values() for key in rule.alerts or ()]
    told += [(f"{FILE}: quality.alerts", key) for key in project.settings.quality.alerts]
    if problems := [unknown("destination", key, known, where) for where, key in told if key not in known]:
        raise InvalidDefinition(problems)
    return rules
