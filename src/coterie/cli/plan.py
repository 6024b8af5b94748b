"""``coterie plan``: what an apply would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from coterie.cli.session import Session, instant_at
from coterie.cli.tracking_plan import check, clients, diff, infer, violations

if TYPE_CHECKING:
    from coterie.engine.plan import Plan
    from coterie.engine.project import Project

SIGNS = {
    "new": ("green", "+"),
    "changed": ("yellow", "~"),
    "described": ("cyan", "~"),
    "follows": ("yellow", "→"),
    "removed": ("red", "-"),
    "same": ("dim", " "),
}


@click.group("plan", invoke_without_command=True)
@click.option("--at", help="The instant of the apply (default: the project's present).")
@click.pass_context
def command(ctx: click.Context, at: str | None) -> None:
    """Compare the definitions on disk with those in force: what is new, changed or gone, and who would enter and leave.

    The commands below are about the tracking plan, `tracking/`: which events are expected, with which properties.
    """
    if ctx.invoked_subcommand is None:
        _plan(ctx.obj, at)


for _one in (infer, check, diff, clients, violations):
    command.add_command(_one)


def _plan(session: Session, at: str | None) -> None:
    from coterie.engine.plan import make_plan

    project = session.project()
    plan = make_plan(project, instant_at(session, project, at))
    if session.as_json:
        session.answer(plan)
        return
    show(session, plan)
    tell_unheard(session, project)
    if plan.is_empty:
        session.console().print("[green]nothing to do:[/] the definitions in force are those on disk")
    else:
        session.remark("put them into force: coterie apply")


def tell_unheard(session: Session, project: Project) -> None:
    """Remark on every event that a definition on disk names and that the log has never seen."""
    from coterie.engine import definitions

    catalog = definitions.catalog(project, definitions.on_disk(project))
    for key, name, hint in definitions.unheard(project, catalog):
        session.remark(f"{key}: the log has no event {name!r} yet{' — ' + hint if hint else ''}")


def show(session: Session, plan: Plan) -> None:
    """Draw the segments that differ, with who enters and who leaves."""
    from coterie.cli.tables import plain_table, some

    console = session.console()
    table = plain_table(
        "", "segment", "what", "version", "size", "enter", "leave", right=("version", "size", "enter", "leave")
    )
    for row in plan.rows:
        style, sign = SIGNS[row.difference]
        enter = f"[green]+{len(row.entered):,}[/]" if row.entered else ""
        leave = f"[red]-{len(row.exited):,}[/]" if row.exited else ""
        name = f"[{style}]{row.key}[/]"
        table.add_row(f"[{style}]{sign}[/]", name, row.difference, str(row.version), f"{row.size:,}", enter, leave)
    console.print(table)
    for row in plan.rows:
        if row.difference in ("changed", "follows", "removed"):
            for word, names in (("enter", row.entered), ("leave", row.exited)):
                if names:
                    console.print(f"  [dim]{row.key} · {word}:[/] {some(names)}")
    for one in plan.lists:
        console.print(
            f"  [dim]list {one.key} version {one.version}:[/] {len(one.added):,} added, {len(one.removed):,} removed"
        )
