"""``coterie quarantine``: rows that were refused."""

from __future__ import annotations

import click

from coterie.cli.session import Session


@click.group("quarantine", invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Count the refused rows by reason, list them, or replay them through a mended mapping."""
    if ctx.invoked_subcommand is None:
        _count(ctx.obj)


def _count(session: Session) -> None:
    reasons = session.project().quarantine.reasons().to_pylist()
    if session.as_json:
        session.answer(reasons)
        return
    from rich.table import Table

    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("rows", justify="right", style="bold yellow")
    table.add_column("reason")
    table.add_column("source", style="cyan")
    for one in reasons:
        table.add_row(f"{one['rows']:,}", one["reason"], one["source"])
    session.console().print(table if reasons else "[green]no row was refused[/]")


@command.command("list")
@click.option("--source", default="", help="Only rows of this source.")
@click.option("--reason", default="", help="Only rows whose reason contains this.")
@click.option("--limit", default=20, show_default=True, help="At most so many rows; -1 for all.")
@click.pass_obj
def list_rows(session: Session, source: str, reason: str, limit: int) -> None:
    """List refused rows with reason, place and content."""
    from coterie.values import parse

    rows = session.project().quarantine.rows(source=source, reason=reason, limit=limit).to_pylist()
    if session.as_json:
        session.answer(
            [{**one, "row": one["row"] if one["reason"] == "not a row" else parse(one["row"])} for one in rows]
        )
        return
    from rich.markup import escape

    console = session.console()
    for one in rows:
        console.print(f"[cyan]{escape(one['place'])}[/]  [yellow]{one['reason']}[/]  {escape(one['detail'])}")
        console.print(f"  [dim]{escape(one['row'])}[/]")
    if not rows:
        console.print("[green]no row was refused[/]")


@command.command("replay")
@click.option("--map", "mapping", help="The mended mapping: a file, or the name of one in mappings/.")
@click.option("--source", default="", help="Without --map: only events of this source.")
@click.option("--reason", default="", help="Without --map: only events whose reason contains this.")
@click.pass_obj
def replay_rows(session: Session, mapping: str | None, source: str, reason: str) -> None:
    """Take what was refused through again; what passes now leaves the quarantine.

    With --map: the rows of the mapping's source, which the mapping could not read. Without: events that were read and refused
    afterwards, by the tracking plan or another stage of the intake.
    """
    from coterie.cli.ingest import show
    from coterie.cli.mappings import named_mapping
    from coterie.engine.ingest import replay_quarantine
    from coterie.engine.replaying import replay_events

    project = session.project()
    if mapping is None:
        done, told = replay_events(project, source=source, reason=reason), source or "the quarantine"
    else:
        rules = named_mapping(project, mapping)
        done, told = replay_quarantine(project, rules, now=project.wall()), rules.source
    if session.as_json:
        session.answer(done)
    else:
        show(session, done, told)
