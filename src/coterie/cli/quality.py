"""``coterie quality``: what is wrong with the data, since when, and who answers for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from coterie.cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coterie.storage.quality.book import Kept

COLOURS = {"error": "bold red", "warning": "yellow", "info": "cyan"}


@click.group("quality")
def command() -> None:
    """Check the data: rows, shares and spreads of each day against the days before, and your own rules in quality/."""


@command.command("run")
@click.option("--at", "when", help="The instant up to which to look (default: now, as the project says).")
@click.option("--alert", is_flag=True, help="Put messages about new findings into the outbox; the server sends them.")
@click.pass_obj
def run_checks(session: Session, when: str | None, alert: bool) -> int:
    """Measure and judge the days that are new. Exit code 8 when something is wrong that was not known before."""
    from coterie.cli.exits import FINDINGS, OK
    from coterie.cli.session import instant_at
    from coterie.engine.quality.alerts import told
    from coterie.engine.quality.running import checked

    project = session.project()
    at = instant_at(session, project, when)
    report = checked(project, at, alert=alert)
    if session.as_json:
        names = ("at", "rows", "measured", "judged", "seconds")
        found = {"findings": [told(one) for one in report.findings], "new": [one.id for one in report.new]}
        session.answer({**{name: getattr(report, name) for name in names}, **found})
    else:
        if project.events.count():
            _show(session, report.findings)
        else:
            session.console().print("nothing to check: the log is empty")
        session.remark(
            f"{report.judged} days judged, {report.rows:,} rows measured in {report.seconds:.1f} s; {len(report.new)} new"
        )
    return FINDINGS if report.new else OK


@command.command("history")
@click.option("--days", default=28, show_default=True, help="How many days back.")
@click.option("--severity", type=click.Choice(["info", "warning", "error"]), default="info", help="This and worse.")
@click.pass_obj
def history(session: Session, days: int, severity: str) -> None:
    """List what was found, the newest day first."""
    from coterie.engine.quality.alerts import told
    from coterie.engine.quality.run import book_of
    from coterie.monitoring.terms import SEVERITIES, Severity

    book = book_of(session.project())
    last = max(book.days(), default=0)
    least = SEVERITIES.index(Severity(severity))
    found = [one for one in book.findings(last - days + 1) if SEVERITIES.index(one.finding.severity) >= least]
    if session.as_json:
        session.answer([told(one) for one in found])
    elif not found and not book.runs(1):
        session.console().print("not run yet: [bold]coterie quality run[/]")
    else:
        _show(session, found)


@command.command("report")
@click.option("--to", "path", type=click.Path(path_type=Path), help="Where to (default: quality.html in this folder).")
@click.pass_obj
def report(session: Session, path: Path | None) -> None:
    """Write the newest report as one page of HTML."""
    from coterie.engine.quality.page import page_of

    target = path or Path("quality.html")
    target.write_text(page_of(session.project()), encoding="utf-8")
    if session.as_json:
        session.answer({"path": str(target)})
    else:
        click.echo(f"written: {target}")


@command.command("accept")
@click.argument("number", type=int)
@click.pass_obj
def accept(session: Session, number: int) -> None:
    """Say that the finding of this NUMBER is as it should be: its day counts as normal from now on."""
    from coterie.engine.quality.alerts import told
    from coterie.engine.quality.run import book_of

    project = session.project()
    kept = book_of(project).accept(number, project.wall())
    if session.as_json:
        session.answer(told(kept))
    else:
        click.echo(f"accepted: {kept.finding.says}")


def _show(session: Session, found: Sequence[Kept]) -> None:
    from rich.markup import escape

    from coterie.cli.tables import plain_table
    from coterie.engine.quality.alerts import day_text

    console = session.console()
    if not found:
        console.print("[green]nothing is wrong[/]")
        return
    owned = any(one.finding.owner for one in found)
    columns = ("no.", "day", "severity", "check", "what", *(("owner",) if owned else ()))
    table = plain_table(*columns, right=("no.",), styles={"owner": "dim"})
    for kept in found:
        one = kept.finding
        colour = "dim" if kept.accepted_at else COLOURS[one.severity]
        word = "accepted" if kept.accepted_at else str(one.severity)
        cells = [str(kept.id), day_text(one.day), f"[{colour}]{word}[/]", str(one.check), escape(one.says)]
        table.add_row(*cells, *((escape(one.owner),) if owned else ()))
    console.print(table)
