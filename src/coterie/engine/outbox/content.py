"""What a trigger says: the parts written in it and in its template folder, and the person on whom they are tried."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from coterie.connectors.destinations.destination import Destination
from coterie.errors import InvalidDefinition, Problem, nearest
from coterie.model import Cause as ChangeCause
from coterie.model import Direction, Event, Identifier, MembershipChange, Value
from coterie.segments.instants import rfc3339
from coterie.triggers.definition import Sample, Trigger
from coterie.triggers.delivery import key_of, payload_of

ENDING = ".liquid"
SAMPLE_AT = 1_773_835_200_000_000
"""The instant of samples: noon on 18 March 2026, UTC."""


def contents(triggers: Iterable[Trigger], folder: Path) -> dict[str, dict[str, str]]:
    """Return trigger key → part → text in Liquid: the files of its template, with what the trigger itself writes in their place.

    Raises: InvalidDefinition when a template has no folder in ``folder``.
    """
    problems: list[Problem] = []
    found: dict[str, dict[str, str]] = {}
    for one in triggers:
        parts: dict[str, str] = {}
        if one.template is not None:
            files = sorted((folder / one.template).glob(f"*{ENDING}"))
            if not files or not _is_inside(folder / one.template, folder):
                problems.append(_no_template(one, folder))
            parts = {file.name.removesuffix(ENDING): file.read_text(encoding="utf-8") for file in files}
        found[one.key] = parts | (one.content or {})
    if problems:
        raise InvalidDefinition(problems)
    return found


def _is_inside(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())


def _no_template(trigger: Trigger, folder: Path) -> Problem:
    known = sorted(one.name for one in folder.iterdir() if one.is_dir()) if folder.is_dir() else []
    return Problem(
        "no template of this name",
        where=f"triggers/{trigger.key}.yaml: template",
        received=trigger.template,
        allowed=", ".join(known) or f"a folder in templates/ with files such as subject{ENDING}",
        hint=nearest(trigger.template or "", known),
    )


def sample_of(trigger: Trigger) -> dict[str, Any]:
    """Return the payload on which a trigger's content is tried: what its ``sample`` says, and an e-mail address."""
    sample = trigger.sample or Sample()
    traits: dict[str, Value] = {"email": "sample@example.com", **(sample.traits or {})}
    segment, event = trigger.when.segment, None
    if not segment or sample.event is not None:
        names = trigger.when.picker.event
        name = names if isinstance(names, str) else (names or (trigger.when.picker.like or "event",))[0]
        event = Event(
            id="sample", profile="sample", name=name, occurred_at=SAMPLE_AT, received_at=SAMPLE_AT,
            properties={**(sample.event or {})},
        )  # fmt: skip
    direction = Direction.ENTERED if trigger.when.entered else Direction.EXITED
    change = MembershipChange(
        segment=segment, version=1, profile="sample", direction=direction, at=SAMPLE_AT, cause=ChangeCause.EVENT
    )
    key = key_of(trigger.key, "sample", "", ("sample",))
    who = (Identifier("email", "sample@example.com"),)
    payload = payload_of(trigger.key, key, None, "sample", traits, who, change if segment else None, event, SAMPLE_AT)
    payload["gathered"] = {
        name: [{"name": name, "occurred_at": rfc3339(SAMPLE_AT), "properties": dict(properties)}]
        for name, properties in _gathered(trigger, sample).items()
    }
    return payload


def _gathered(trigger: Trigger, sample: Sample) -> Mapping[str, Mapping[str, Value]]:
    return {name: (sample.gathered or {}).get(name, {}) for name in trigger.gather or {}}


def flaws(
    triggers: Iterable[Trigger], told: Mapping[str, Mapping[str, str]], destinations: Mapping[str, Destination]
) -> list[Problem]:
    """Return what is wrong with the content of every trigger when it is tried on its sample."""
    problems: list[Problem] = []
    for one in triggers:
        destination = destinations.get(one.destination)
        if destination is not None:
            place = f"triggers/{one.key}.yaml: content"
            problems += [_placed(flaw, one, place) for flaw in destination.flaws(told[one.key], sample_of(one), place)]
    return problems


def _placed(problem: Problem, trigger: Trigger, place: str) -> Problem:
    """Return a problem of a part of the content at the file in which that part is written."""
    part = problem.where.removeprefix(f"{place}.")
    if trigger.template is None or part == problem.where or part in (trigger.content or {}):
        return problem
    return Problem(
        problem.what,
        where=f"templates/{trigger.template}/{part}{ENDING}",
        received=problem.received,
        allowed=problem.allowed,
        hint=problem.hint,
    )
