"""``coterie sources``: where events come from, tried out, read, and read anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from coterie.cli.exits import OK, REFUSED_ROWS
from coterie.cli.session import Session

if TYPE_CHECKING:
    from coterie.connectors.sources.definitions import Definition
    from coterie.engine.sourcing.trial import Trial


@click.group("sources", invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """List the sources in sources/, check them, try them out, read them."""
    if ctx.invoked_subcommand is None:
        _list(ctx.obj)


@command.command("list")
@click.pass_obj
def list_sources(session: Session) -> None:
    """List the sources: kind, schedule, and what their rows bear in the log."""
    _list(session)


def _list(session: Session) -> None:
    from coterie.engine.sourcing.sources import readings, sources_of

    project = session.project()
    found, known = sources_of(project), readings(project)
    rows = [_row(one, known.get(name)) for name, one in found.items()]
    if session.as_json:
        session.answer(rows)
        return
    from rich.table import Table

    table = Table(box=None, header_style="dim", pad_edge=False)
    for name in ("source", "kind", "read"):
        table.add_column(name, style="cyan" if name == "source" else "")
    table.add_column("events", justify="right", style="bold")
    table.add_column("refused", justify="right", style="yellow")
    table.add_column("last", style="dim")
    for one in rows:
        numbers = (f"{one['events']:,}", f"{one['refused']:,}" if one["refused"] else "")
        table.add_row(one["name"], one["kind"], one["read"], *numbers, one["last"])
    session.console().print(table if rows else "no sources: write sources/<name>.yaml, see docs/sources.md")


def _row(one: Definition, reading: Any) -> dict[str, Any]:
    from coterie.segments.instants import rfc3339

    return {
        "name": one.name, "title": one.title, "kind": one.kind.word, "read": _when(one), "label": one.label,
        "events": reading.events if reading else 0, "refused": reading.refused if reading else 0,
        "last": rfc3339(reading.at) if reading else "",
    }  # fmt: skip


def _when(one: Definition) -> str:
    from coterie.segments.durations import text_of

    if not one.enabled:
        return "off"
    if one.kind.pushed:
        return "when sent"
    if one.kind.continuous:
        return "all the time"
    return f"every {text_of(one.every_us)}" if one.every_us else "by hand"


@command.command("status")
@click.argument("name", required=False)
@click.pass_obj
def show_status(session: Session, name: str | None) -> None:
    """Show what came of each source; with --json also its position. A running server tells more: GET /v1/sources."""
    from coterie.engine.sourcing.sources import readings, source_named, sources_of

    project = session.project()
    names = [source_named(project, name).name] if name else sorted(sources_of(project))
    known = readings(project)
    told = {one: known.get(one) for one in names}
    if session.as_json:
        session.answer(told)
        return
    from coterie.segments.instants import rfc3339

    for one, reading in told.items():
        if reading is None:
            session.console().print(f"[cyan]{one}[/]  not read yet")
            continue
        session.console().print(
            f"[cyan]{one}[/]  {reading.events:,} events, {reading.refused:,} refused, last {rfc3339(reading.at)}"
        )


@command.command("check")
@click.argument("name", required=False)
@click.pass_obj
def check(session: Session, name: str | None) -> None:
    """Check every file in sources/ (all mistakes at once), reach each source and say what is there."""
    from coterie.engine.sourcing.sources import opened, source_named, sources_of

    project = session.project()
    found = [source_named(project, name)] if name else list(sources_of(project).values())
    told = {}
    for one in found:
        if one.kind.pushed:
            continue
        source = opened(project, one)
        try:
            told[one.name] = source.look()
        finally:
            source.close()
    if session.as_json:
        session.answer(told)
        return
    for key, sight in told.items():
        session.console().print(f"[cyan]{key}[/]  {sight.what}", soft_wrap=True)
        for column, kind in sight.columns.items():
            session.console().print(f"  {column}  [dim]{kind}[/]", soft_wrap=True)


@command.command("try")
@click.argument("name")
@click.option("--rows", default=5, show_default=True, help="About so many rows are read.")
@click.pass_obj
def try_out(session: Session, name: str, rows: int) -> None:
    """Read the first rows of a source and show what they would become. Nothing is kept."""
    from coterie.engine.sourcing.sources import source_named
    from coterie.engine.sourcing.trial import attempt

    project = session.project()
    found = attempt(project, source_named(project, name), now=project.wall(), rows=rows)
    if session.as_json:
        session.answer(found)
    else:
        _show_trial(session, found)


def _show_trial(session: Session, found: Trial) -> None:
    from rich.markup import escape

    from coterie.segments.instants import rfc3339
    from coterie.values import canonical

    console = session.console()
    console.print(f"{found.sight.what}; {found.rows:,} rows read, {found.skipped:,} skipped", soft_wrap=True)
    for one in found.events:
        who = ", ".join(f"{kind} {value}" for kind, value in one.identifiers)
        console.print(
            f"[bold]{escape(one.name)}[/]  {rfc3339(one.occurred_at)}  [cyan]{escape(who)}[/]  {escape(canonical(one.properties))}",
            soft_wrap=True,
        )
    for refused in found.refused:
        console.print(f"[yellow]{refused.reason}[/]  {escape(refused.place)}  {escape(refused.detail)}", soft_wrap=True)


@command.command("pull")
@click.argument("name")
@click.option("--strict", is_flag=True, help="Exit with 5 when rows went to quarantine.")
@click.pass_obj
def pull_source(session: Session, name: str, strict: bool) -> int:
    """Read a source to its end, from where it was read to. A second pull adds only what is new."""
    from coterie.cli.ingest import show
    from coterie.engine.sourcing.pull import pull
    from coterie.engine.sourcing.sources import source_named

    project = session.project()
    definition = source_named(project, name)
    with session.progress(name, 1.0) as bar:
        done = pull(project, definition, now=project.wall(), progress=lambda page: bar.move(page.done, page.place))
    if session.as_json:
        session.answer(done)
    else:
        show(session, done, definition.label)
    return REFUSED_ROWS if strict and done.refused else OK


@command.command("replay")
@click.argument("name")
@click.pass_obj
def replay_source(session: Session, name: str) -> None:
    """Pass the refused rows of a source through its mapping as it is now; those that pass leave the quarantine."""
    from coterie.cli.ingest import show
    from coterie.engine.sourcing.again import take_again
    from coterie.engine.sourcing.sources import source_named

    project = session.project()
    definition = source_named(project, name)
    done = take_again(project, definition, now=project.wall())
    if session.as_json:
        session.answer(done)
    else:
        show(session, done, definition.label)


@command.command("reset")
@click.argument("name")
@click.pass_obj
def reset_source(session: Session, name: str) -> None:
    """Read a source from its beginning next time. What it brought stays, and does not come twice: events keep their ids."""
    from coterie.engine.sourcing.sources import reset

    was_read = reset(session.project(), name)
    if session.as_json:
        session.answer({"reset": was_read})
    else:
        session.remark(f"{name} is read from its beginning next time" if was_read else f"{name} was not read yet")
