"""Destination files, ``destinations/<key>.yaml``, and what is opened from them."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeAlias

from coterie.connectors.destinations.destination import Destination
from coterie.connectors.destinations.email import Email, EmailDestination
from coterie.connectors.destinations.file import File, FileDestination
from coterie.connectors.destinations.webhook import Webhook, WebhookDestination
from coterie.connectors.secrets import unset
from coterie.errors import InvalidDefinition
from coterie.segments.conditions.form import Flaw
from coterie.segments.conditions.places import Lines, place
from coterie.segments.parse.folder import form_of, loaded
from coterie.segments.parse.synonyms import suggested
from coterie.segments.parse.text import read

Definition: TypeAlias = Webhook | Email | File
KINDS: dict[str, type[Webhook] | type[Email] | type[File]] = {"webhook": Webhook, "email": Email, "file": File}


def parse(data: Any, file: str = "", lines: Lines | None = None) -> Definition:
    """Return the destination that plain data describes; InvalidDefinition with every problem at once."""
    kind = data.get("kind") if isinstance(data, dict) else None
    if not isinstance(kind, str) or kind not in KINDS:
        told = Flaw("missing" if kind is None else "no such kind of destination", received=kind, allowed=", ".join(KINDS), hint=suggested(str(kind or ""), KINDS))  # fmt: skip
        raise InvalidDefinition([place(told, ("kind",), file, lines or {})])
    found = form_of(KINDS[kind], data, file, lines)
    assert isinstance(found, Webhook | Email | File)
    return found


def parse_text(text: str, file: str = "") -> Definition:
    """Return the destination that YAML (or, for a file name in ``.json``, JSON) text describes."""
    document = read(text, file)
    return parse(document.data, file, document.lines)


def load(folder: str | Path) -> dict[str, Definition]:
    """Return the destinations of a folder by key, none if there is no such folder. Raises: InvalidDefinition for all files together."""
    return loaded(Path(folder), parse_text, attrgetter("key"))


def open_all(
    definitions: Mapping[str, Definition], root: Path, environment: Mapping[str, str]
) -> dict[str, Destination]:
    """Return what the definitions describe, ready to send. Raises: InvalidDefinition, also when the environment lacks a name."""
    problems = [
        problem for one in definitions.values() for problem in unset(one, f"destinations/{one.key}.yaml", environment)
    ]
    if problems:
        raise InvalidDefinition(problems)
    return {key: open_one(one, root, environment) for key, one in definitions.items()}


def open_one(form: Definition, root: Path, environment: Mapping[str, str]) -> Destination:
    """Return what one definition describes. Raises: InvalidDefinition."""
    if isinstance(form, Webhook):
        return WebhookDestination(form, environment)
    if isinstance(form, Email):
        return EmailDestination(form, environment)
    return FileDestination(form, root, environment)
