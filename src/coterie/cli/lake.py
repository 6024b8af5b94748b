"""``coterie lake``: the Delta tables of the project, for a look and for tidying. A running server does all of it by itself."""

from __future__ import annotations

from typing import Any

import click

from coterie.cli.session import Session


@click.group("lake")
def command() -> None:
    """Look at the Delta tables, make few files of many, remove what nobody needs, write the tables of people."""


@command.command("status")
@click.pass_obj
def status(session: Session) -> None:
    """List the tables with their rows, files and bytes."""
    project = session.project()
    looks = {name: table.look() for name, table in project.tables().items()}
    if session.as_json:
        session.answer({"url": project.lake.url, "next_position": project.events.length(), "tables": looks})
        return
    from rich.table import Table

    shown = Table("table", "rows", "files", "bytes", "old files", "old bytes", "version", title=project.lake.url)
    for name, look in looks.items():
        numbers = (look.rows, look.files, look.bytes, look.old_files, look.old_bytes, look.version)
        shown.add_row(name, *(f"{number:,}" for number in numbers))
    session.console().print(shown)
    if columns := looks["events"].columns:
        session.remark(f"typed columns of events: {', '.join(columns)}")


@command.command("compact")
@click.option("--all", "everything", is_flag=True, help="As few files as can be, however little there is in them.")
@click.pass_obj
def compact_tables(session: Session, everything: bool) -> None:
    """Make few large files of many small ones. Rows stay; a running server and readers go on meanwhile."""
    from coterie.engine.running.tidying import compact

    done = compact(session.project(), everything=everything)
    if session.as_json:
        session.answer(done)
    for name, one in done.items():
        if one.before:
            session.remark(f"{name}: {one.before} files are {one.after}, {one.rows:,} rows written")


@command.command("vacuum")
@click.option(
    "--hours", type=click.FloatRange(min=0), help="Files older than this (default: the setting lake.kept_hours)."
)
@click.pass_obj
def vacuum_tables(session: Session, hours: float | None) -> None:
    """Remove files that no version needs. With --hours 0 a reader that began before may miss a file."""
    from coterie.engine.running.tidying import vacuum

    project = session.project()
    done = vacuum(project, project.settings.lake.kept_hours if hours is None else hours)
    told: dict[str, Any] = {
        name: {"files": len(gone), "bytes": sum(gone.values())} for name, gone in done.items() if gone
    }
    if session.as_json:
        session.answer(told)
    for name, one in told.items():
        session.remark(f"{name}: {one['files']} files, {one['bytes']:,} bytes removed")


@command.command("publish")
@click.pass_obj
def publish_people(session: Session) -> None:
    """Write the tables of profiles, identities and trigger runs as of now. A running server does so by itself."""
    from coterie.engine.running.mirroring import publish

    done = publish(session.project())
    if session.as_json:
        session.answer(done)
    else:
        session.remark(f"{done.profiles:,} profiles, {done.identities:,} identifiers, {done.triggers:,} trigger runs")
