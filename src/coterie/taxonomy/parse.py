"""Data and text → events and policy of a plan, with every problem at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from coterie.errors import InvalidDefinition, Problem
from coterie.segments.conditions.places import Lines
from coterie.segments.parse.folder import form_of
from coterie.segments.parse.text import read
from coterie.taxonomy.event import EventPlan
from coterie.taxonomy.handling import Policy
from coterie.taxonomy.plan import TrackingPlan

POLICY_FILE = "plan"
"""The file of the policy, without its ending; every other file is an event."""


def event_of(data: Any, file: str = "", lines: Lines | None = None) -> EventPlan:
    """Return the event that plain data describes. Raises: InvalidDefinition with every problem."""
    return form_of(EventPlan, data, file, lines)


def plan_of(texts: Iterable[tuple[str, str]]) -> TrackingPlan:
    """Return the plan of (name of a file, its text). Raises: InvalidDefinition with every problem of all files."""
    problems: list[Problem] = []
    events: dict[str, EventPlan] = {}
    policy = Policy()
    for file, text in texts:
        try:
            document = read(text, file)
            if file.rpartition("/")[2].partition(".")[0] == POLICY_FILE:
                policy = form_of(Policy, document.data, file, document.lines)
                continue
            one = event_of(document.data, file, document.lines)
        except InvalidDefinition as error:
            problems += error.problems
            continue
        if one.event in events:
            told = Problem(
                "two files describe this event", where=file, received=one.event, allowed="one file per event"
            )
            problems.append(told)
        events[one.event] = one
    if problems:
        raise InvalidDefinition(problems)
    return TrackingPlan.of(events.values(), policy)
