"""``coterie plan infer|check|diff|clients|violations``: the tracking plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from coterie.cli.exits import BREAKING, OK, VIOLATIONS
from coterie.cli.session import Session, instant_at

if TYPE_CHECKING:
    from coterie.engine.project import Project
    from coterie.engine.taxonomy.history import Checked
    from coterie.taxonomy.differences import Difference
    from coterie.taxonomy.draft import Draft

SHOWN = 20
"""Lines of a table that are shown to people; ``--json`` has all."""


@click.command("infer")
@click.argument("events", nargs=-1)
@click.option("--since", help="Look at arrivals from this instant on (default: all).")
@click.option("--dry-run", is_flag=True, help="Print the files instead of writing them.")
@click.option("--force", is_flag=True, help="Also write events that the plan has already; what was written is lost.")
@click.pass_obj
def infer(session: Session, events: tuple[str, ...], since: str | None, dry_run: bool, force: bool) -> None:
    """Draft the plan from the log.

    Writes a file in tracking/ for every event, or for EVENTS: types, enumerations, what is required, what is personal.
    Events that the plan has already are left alone. A draft is a guess from history: read it before you put it into force.
    """
    from coterie.engine.taxonomy.drafting import Drafted, draft_files
    from coterie.engine.taxonomy.history import drafts

    project = session.project()
    first = instant_at(session, project, since) if since else 0
    drafted: Drafted = draft_files(project, drafts(project, since=first, only=events), write=not dry_run, force=force)
    if session.as_json:
        session.answer(
            [
                {"file": file, "event": one.event.event, "events": one.events, "remarks": one.remarks, "text": text}
                for file, one, text in drafted.files
            ]
        )
        return
    for file, one, text in drafted.files:
        _show_draft(session, file, one, text, dry_run)
    if not drafted.files and not drafted.planned:
        session.remark("nothing to draft: the log has no such events yet")
    if drafted.planned:
        session.remark(f"planned already: {', '.join(drafted.planned)} (draft them again: --force)")
    if not dry_run and drafted.files:
        session.remark("read them, then: coterie plan check")


def _show_draft(session: Session, file: str, one: Draft, text: str, dry_run: bool) -> None:
    from rich.markup import escape

    console = session.console()
    if dry_run:
        console.print(f"[dim]# {escape(file)}[/]")
        console.print(escape(text), end="")
    else:
        count = len(one.event.named)
        said = f"{_counted(one.events, 'event')}, {count} propert{'y' if count == 1 else 'ies'}"
        console.print(f"[green]+[/] {escape(file)}  [dim]{said}[/]")
    for remark in one.remarks:
        console.print(f"  [yellow]![/] {escape(remark)}")


@click.command("check")
@click.option("--since", help="Check arrivals from this instant on (default: all).")
@click.option(
    "--events", "file", type=click.Path(path_type=Path), help="Check this file of calls (JSON lines) instead."
)
@click.option("--source", default="", help="The source that the calls of --events are taken to come from.")
@click.option("--files-only", is_flag=True, help="Check the files of the plan alone.")
@click.pass_obj
def check(session: Session, since: str | None, file: Path | None, source: str, files_only: bool) -> int:
    """Check the plan's files and what breaks it.

    What of the log, or of a file of calls, would break the plan if it arrived now; and what definitions read that the plan does not
    name. Exits with 2 when a file is wrong, with 6 when there are violations.
    """
    from coterie.engine.taxonomy.files import required_plan
    from coterie.engine.taxonomy.history import check_file, check_history
    from coterie.engine.taxonomy.readers import unplanned

    project = session.project()
    plan = required_plan(project)
    checked: Checked | None = None
    if file is not None:
        checked = check_file(project, plan, file, source)
    elif not files_only:
        first = instant_at(session, project, since) if since else 0
        with session.progress("checking the log", project.events.extent().events) as bar:
            checked = check_history(project, plan, since=first, progress=bar.move)
    unknown = unplanned(project, plan)
    if session.as_json:
        session.answer({"planned": len(plan.events), "unplanned": unknown, "checked": checked})
    else:
        _show_checked(session, len(plan.events), checked)
        for one in unknown:
            what = f"{one.event}: {one.property}" if one.property else one.event
            hint = f"; {one.hint}" if one.hint else ""
            session.remark(f"{what} is not planned, and {', '.join(one.readers)} reads it{hint}")
    return VIOLATIONS if checked is not None and checked.violations else OK


def _show_checked(session: Session, planned: int, checked: Checked | None) -> None:
    console = session.console()
    said = f"{_counted(planned, 'event')} planned"
    if checked is None:
        console.print(f"[green]✓[/] {said}")
        return
    if not checked.violations:
        console.print(f"[green]✓[/] {said}; {_counted(checked.events, 'event')} as planned")
        return
    rows = [[f"{one.count:,}", one.kind, one.event, one.property, one.source, one.sample] for one in checked.violations]
    _table(session, ("events", "violation", "event", "property", "source", "sample"), rows)
    total = sum(one.count for one in checked.violations)
    quarantined = f"; {_counted(checked.quarantined, 'event')} would wait in quarantine" if checked.quarantined else ""
    found = f"{_counted(total, 'violation')}[/] in {_counted(checked.events, 'event')}"
    console.print(f"[red]{found}, {said}{quarantined}")


@click.command("diff")
@click.argument("before")
@click.argument("after", required=False)
@click.option("--all", "everything", is_flag=True, help="Also show what changes no event: descriptions, owners.")
@click.pass_obj
def diff(session: Session, before: str, after: str | None, everything: bool) -> int:
    """Compare two versions of the plan.

    Tells what changed from BEFORE to the plan on disk (or AFTER), and what of it breaks senders. Each is a folder, or a commit of git (main, v1.2, HEAD~1, main:shop/tracking). Exits with 7 for a breaking change of an event
    whose version was not raised, or that is gone without having been deprecated.
    """
    from coterie.engine.taxonomy.files import plan_at, required_plan
    from coterie.taxonomy.differences import differences, is_quiet

    project = session.project()
    old = plan_at(project, before)
    new = plan_at(project, after) if after else required_plan(project)
    found = differences(old, new)
    if session.as_json:
        session.answer(found)
    else:
        _show_differences(session, [one for one in found if everything or not is_quiet(one)])
    unannounced = [one for one in found if one.breaking and not one.announced]
    if unannounced:
        session.remark("raise `version` of the events that break, or deprecate what is to go before it goes")
    return BREAKING if unannounced else OK


def _show_differences(session: Session, found: list[Difference]) -> None:
    from rich.markup import escape

    console = session.console()
    for one in found:
        sign = "[dim]·[/]" if not one.breaking else "[yellow]![/]" if one.announced else "[red]✗[/]"
        where = " ".join(part for part in (one.event or "plan", one.property) if part)
        change = f"  {_short(one.before)} → {_short(one.after)}" if (one.before, one.after) != (None, None) else ""
        word = "" if not one.breaking else " (breaking, announced)" if one.announced else " (breaking)"
        console.print(f"{sign} [bold]{escape(where)}[/]: {one.what}{word}[dim]{escape(change)}[/]")
    if not found:
        console.print("[green]nothing[/] changed that events could notice")


def _short(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


@click.command("clients")
@click.option("--language", type=click.Choice(["python", "typescript"]), required=True, help="Of what program.")
@click.option("--out", type=click.Path(path_type=Path), help="The file to write (default: standard output).")
@click.pass_obj
def clients(session: Session, language: str, out: Path | None) -> None:
    """Write a typed client of the plan.

    A method or a type for every event, so that compilers find what would break the plan before it is sent.
    """
    from coterie.engine.taxonomy.files import required_plan
    from coterie.taxonomy.clients import LANGUAGES

    plan = required_plan(session.project())
    name, write = LANGUAGES[language]
    text = write(plan)
    if out is None:
        click.echo(text, nl=False)
        return
    file = out / name if out.is_dir() else out
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    if session.as_json:
        session.answer({"file": str(file), "events": len(plan.events)})
    else:
        session.remark(f"wrote {file}: {len(plan.events)} events")


@click.command("violations")
@click.option("--since", help="Only from the day of this instant on (default: all).")
@click.option("--event", default="", help="Only of this event.")
@click.pass_obj
def violations(session: Session, since: str | None, event: str) -> None:
    """List what broke the plan as it came in.

    How often, where, a sample, and what becomes of such events now.
    """
    from coterie.engine.taxonomy.files import tracking_plan
    from coterie.engine.taxonomy.violations import violations as counted
    from coterie.taxonomy.violation import STAGE

    project: Project = session.project()
    found = counted(
        project, tracking_plan(project), since=instant_at(session, project, since) if since else 0, event=event
    )
    if session.as_json:
        session.answer(found)
        return
    rows = [
        [f"{one.count:,}", one.kind, one.event, one.property, one.source_name or one.source, one.sample, one.action]
        for one in found
    ]
    if not rows:
        session.console().print("[green]nothing broke the plan[/]")
        return
    _table(session, ("events", "violation", "event", "property", "source", "sample", "now"), rows)
    waiting = sum(one["rows"] for one in project.quarantine.reasons().to_pylist() if one["reason"].startswith(STAGE))
    if waiting:
        session.remark(
            f"{_counted(waiting, 'event')} waiting in quarantine; once the plan is fixed: coterie quarantine replay"
        )


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"


def _table(session: Session, columns: tuple[str, ...], rows: list[list[Any]]) -> None:
    from rich.markup import escape

    from coterie.cli.tables import plain_table

    table = plain_table(*columns, right=("events",))
    for row in rows[:SHOWN]:
        table.add_row(*(escape(str(cell)) for cell in row))
    session.console().print(table)
    if len(rows) > SHOWN:
        session.remark(f"and {len(rows) - SHOWN:,} kinds more: --json has all")
