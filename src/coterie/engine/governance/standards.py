"""The rules of a project that make values normal: read from its files, told, and as a stage of its intake."""

from __future__ import annotations

from msgspec import Struct

from coterie.connectors.sources.definitions import PREFIX
from coterie.engine.project import Project
from coterie.engine.taxonomy.keys import names_of
from coterie.governance.definition import names_in
from coterie.governance.parse import Standards, load
from coterie.governance.standardise import Standardise
from coterie.intake.stage import Stage

FOLDER = "governance"
"""Folder of a project with the files of rules, and the rates and vocabularies that they name."""


class Said(Struct, frozen=True, kw_only=True):
    """One rule: where it stands, what it is about, its kind, and what becomes of what it cannot make normal."""

    file: str
    number: int
    """Its place in the file, from 1."""
    of: tuple[str, ...]
    """Properties; traits and identifiers say so: ``trait phone``."""
    kind: str
    events: tuple[str, ...]
    sources: tuple[str, ...]
    otherwise: str
    owner: str


def standards_of(project: Project) -> Standards:
    """Return the rules in the project's folder ``governance/``. Raises: InvalidDefinition with every problem."""
    return load(project.root / FOLDER)


def standardise(project: Project) -> Stage | None:
    """Return the stage of the project's rules, ``None`` when it has none. Raises: InvalidDefinition."""
    standards = standards_of(project)
    return stage_of(project, standards) if standards else None


def stage_of(project: Project, standards: Standards) -> Standardise:
    """Return rules as a stage. A key is meant by its id or its name, a source by the name of its file."""
    names = names_of(project)
    return Standardise(standards, project.settings.limits, lambda source: (*names(source), source.removeprefix(PREFIX)))


def said(standards: Standards) -> list[Said]:
    """Return every rule at a glance, in the order in which they are applied."""
    owners = {one.key: one.owner for one in standards.standards}
    found = []
    for one in standards.rules:
        rule = one.rule
        of = [*rule.names("property"), *(f"trait {name}" for name in rule.names("trait"))]
        of += [f"identifier {name}" for name in rule.names("identifier")]
        told = Said(
            file=f"{one.standard}.yaml", number=one.number, of=tuple(of), kind=rule.word, events=names_in(rule.event),
            sources=names_in(rule.source), otherwise=rule.otherwise, owner=owners[one.standard],
        )  # fmt: skip
        found.append(told)
    return found
