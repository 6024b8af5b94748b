"""``coterie apply``: definitions into force."""

from __future__ import annotations

import click

from coterie.cli.session import Session, instant_at


@click.command("apply")
@click.option("--at", help="The instant from which they are in force (default: the project's present).")
@click.pass_obj
def command(session: Session, at: str | None) -> None:
    """Put the definitions on disk into force: checked, versioned, backfilled. Who enters and leaves is kept as changes.

    Changed lists are taken into the log first. A rule that changed while its version stayed gets the next version.
    """
    from coterie.cli.plan import show
    from coterie.engine.apply import apply

    project = session.project()
    plan = apply(project, instant_at(session, project, at))
    if session.as_json:
        session.answer(plan)
        return
    show(session, plan)
    moved = sum(len(row.entered) + len(row.exited) for row in plan.rows)
    different = sum(row.difference != "same" for row in plan.rows)
    console = session.console()
    if different:
        console.print(f"[green]applied[/] {different} of {len(plan.rows)} segments, {moved:,} membership changes kept")
    else:
        console.print("[green]nothing to do:[/] the definitions in force are those on disk")
