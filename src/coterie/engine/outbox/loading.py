"""Everything a project says about triggers: ``triggers/``, ``templates/``, ``destinations/``; checked together."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from pathlib import Path

from msgspec import Struct

from coterie.connectors.destinations import definitions
from coterie.connectors.destinations.destination import Destination, Way
from coterie.engine.outbox.content import contents, flaws
from coterie.errors import InvalidDefinition, Problem
from coterie.triggers import parse
from coterie.triggers.definition import Trigger


class Loaded(Struct, frozen=True, kw_only=True):
    """The triggers of a project with their content, and its destinations, open and ready to send."""

    triggers: tuple[Trigger, ...]
    contents: Mapping[str, Mapping[str, str]]
    destinations: Mapping[str, tuple[Destination, Way]]


def load(root: Path, segments: Collection[str], environment: Mapping[str, str]) -> Loaded:
    """Return what the project in ``root`` says. ``segments`` are the keys there are.

    Raises: InvalidDefinition with every problem: of the files, of names that nobody defines, of secrets that the environment
    lacks, and of templates that cannot be rendered for the trigger's sample. No connection is made.
    """
    problems: list[Problem] = []
    triggers: list[Trigger] = []
    forms: dict[str, definitions.Definition] = {}
    try:
        triggers = parse.load(root / "triggers")
    except InvalidDefinition as error:
        problems += error.problems
    try:
        forms = definitions.load(root / "destinations")
    except InvalidDefinition as error:
        problems += error.problems
    if problems:
        raise InvalidDefinition(problems)
    opened: dict[str, Destination] = {}
    told: dict[str, dict[str, str]] = {}
    problems += parse.strangers(triggers, segments, forms)
    try:
        opened = definitions.open_all(forms, root, environment)
    except InvalidDefinition as error:
        problems += error.problems
    try:
        told = contents(triggers, root / "templates")
        problems += flaws(triggers, told, opened)
    except InvalidDefinition as error:
        problems += error.problems
    if problems:
        raise InvalidDefinition(problems)
    ways = {key: (opened[key], form.way) for key, form in forms.items()}
    return Loaded(triggers=tuple(triggers), contents=told, destinations=ways)


class AnyEnvironment(dict[str, str]):
    """Stands in for the server's environment where files are only checked: every name has a value that fits anywhere."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> str:
        return "whsec_" + base64.b64encode(bytes(32)).decode()


def problems_of(root: Path, segments: Collection[str]) -> list[Problem]:
    """Return everything that is wrong with a project's triggers, templates and destinations, whatever the environment."""
    try:
        load(root, segments, AnyEnvironment())
    except InvalidDefinition as error:
        return list(error.problems)
    return []
