"""``coterie validate``: every mistake of a project at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from coterie.cli.exits import INVALID, OK
from coterie.cli.plan import tell_unheard
from coterie.cli.session import Session

if TYPE_CHECKING:
    from coterie.engine.project import Project
    from coterie.errors import Problem


@click.command("validate")
@click.pass_obj
def command(session: Session) -> int:
    """Check every definition and mapping of the project and tell every error at once. Exits with 2 if there are any."""
    project = session.project()
    segments, mappings, problems = check(project)
    if session.as_json:
        found = [
            {
                "where": one.where,
                "what": one.what,
                "received": _plain(one.received),
                "allowed": one.allowed,
                "hint": one.hint,
            }
            for one in problems
        ]
        session.answer({"segments": segments, "mappings": mappings, "problems": found})
        return INVALID if problems else OK
    from rich.markup import escape

    console = session.console()
    for one in problems:
        first, *rest = str(one).splitlines()
        console.print(f"[red]✗[/] {escape(first)}")
        for line in rest:
            console.print(f"  [dim]{escape(line)}[/]")
    count = _counted({"segment": segments, "mapping": mappings} | _beside(project.root))
    if problems:
        console.print(f"[red]{len(problems)} problem{'s' * (len(problems) != 1)}[/] in {count}")
        return INVALID
    console.print(f"[green]✓[/] {count} are valid")
    tell_unheard(session, project)
    return OK


_FOLDERS = {
    "source": "sources", "trigger": "triggers", "destination": "destinations", "planned event": "tracking", "standard": "governance", "quality rule": "quality", "feature set": "features", "model": "models",
}  # fmt: skip
"""Kind → folder of its definitions, beside segments and mappings."""


def _beside(root: Path) -> dict[str, int]:
    """Return how many definitions of other kinds there are, for the kinds of which there are any."""
    found = {kind: len(list((root / folder).glob("*.yaml"))) for kind, folder in _FOLDERS.items()}
    return {kind: count for kind, count in found.items() if count}


def _counted(counts: dict[str, int]) -> str:
    told = [f"{count} {kind}{'s' * (count != 1)}" for kind, count in counts.items()]
    return f"{', '.join(told[:-1])} and {told[-1]}"


def check(project: Project) -> tuple[int, int, list[Problem]]:
    """Return how many segment and mapping files there are and everything that is wrong with them."""
    from coterie.connectors.mapping_file import load_mapping
    from coterie.engine import definitions
    from coterie.engine.governance.standards import standards_of
    from coterie.engine.learning.features import check as feature_problems
    from coterie.engine.learning.overview import check as model_problems
    from coterie.engine.outbox.loading import problems_of
    from coterie.engine.quality.rules import checked as quality_rules
    from coterie.engine.sourcing.sources import sources_of
    from coterie.engine.taxonomy.files import tracking_plan
    from coterie.errors import InvalidDefinition

    problems: list[Problem] = []
    files = [file for file in (project.root / "segments").glob("*") if file.suffix in (".yaml", ".yml", ".json")]
    try:
        definitions.catalog(project, definitions.on_disk(project))
    except InvalidDefinition as error:
        problems += error.problems
    problems += problems_of(project.root, {file.stem for file in files})
    mappings = sorted((project.root / "mappings").glob("*.yaml"))
    for file in mappings:
        try:
            load_mapping(file)
        except InvalidDefinition as error:
            problems += error.problems
    for look in (feature_problems, model_problems):
        try:
            problems += look(project)
        except InvalidDefinition as error:  # a segment is wrong, which is told already
            problems += [one for one in error.problems if str(one) not in set(map(str, problems))]
    for read in (sources_of, tracking_plan, standards_of, quality_rules):
        try:
            read(project)
        except InvalidDefinition as error:
            problems += error.problems
    return len(files), len(mappings), problems


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | bool | None) else repr(value)
