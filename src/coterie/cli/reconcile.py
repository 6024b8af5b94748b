"""``coterie reconcile``: is everything here that is there?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from coterie.cli.session import Session

if TYPE_CHECKING:
    from coterie.engine.project import Project
    from coterie.engine.reconciling.reconcile import Asked
    from coterie.engine.reconciling.result import Day, Reconciled

DAYS_SHOWN = 31


@click.command("reconcile")
@click.argument("names", nargs=-1)
@click.option(
    "--map", "mapping", help="Compare files that came by `ingest` through this mapping; NAMES are files then."
)
@click.option("--since", help="Only events that occurred from this day on.")
@click.option("--until", help="Only events that occurred before this day.")
@click.option("--day", help="Name the events of this day that differ.")
@click.option("--ids", default=20, show_default=True, help="Name so many events that differ.")
@click.pass_obj
def command(
    session: Session, names: tuple[str, ...], mapping: str | None, since: str | None, until: str | None, day: str | None,
    ids: int,
) -> int:  # fmt: skip
    """Read the sources NAMES again (all, when none is named) and compare them with the log, per day, event by event.

    Nothing is written but the result. Exit code 9 when something differs.
    """
    from coterie.cli.exits import OK, UNRECONCILED
    from coterie.engine.reconciling.reconcile import keep

    project = session.project()
    asked = _asked(project, since, until, day, ids)
    found = _files(session, project, names, mapping, asked) if mapping else _sources(session, project, names, asked)
    for one in found:
        keep(project, one)
    if session.as_json:
        session.answer(found)
    else:
        for one in found:
            _show(session, one)
        if not found:
            session.remark("nothing to read again: sources are files in sources/; for files say --map MAPPING FILES")
    return OK if all(one.is_exact for one in found) else UNRECONCILED


def _asked(project: Project, since: str | None, until: str | None, day: str | None, ids: int) -> Asked:
    from coterie.engine.reconciling.reconcile import FOR_EVER, Asked
    from coterie.engine.when import instant
    from coterie.limits import DAY_US

    def meant(text: str) -> int:
        return instant(text, project.present(), project.wall(), "UTC")

    return Asked(
        since=meant(since) if since else -FOR_EVER, until=meant(until) if until else FOR_EVER,
        day=meant(day) // DAY_US if day else None, strange=ids,
    )  # fmt: skip


def _files(session: Session, project: Project, names: tuple[str, ...], mapping: str, asked: Asked) -> list[Reconciled]:
    from coterie.cli.mappings import named_mapping
    from coterie.engine.reconciling.reconcile import reconcile_files

    rules = named_mapping(project, mapping)
    with session.progress("reading", 0) as bar:
        paths = [Path(name) for name in names]
        return [
            reconcile_files(project, paths, rules, project.wall(), asked, lambda rows: bar.move(0, f"{rows:,} rows"))
        ]


def _sources(session: Session, project: Project, names: tuple[str, ...], asked: Asked) -> list[Reconciled]:
    from coterie.engine.reconciling.reconcile import reconcile_source
    from coterie.engine.sourcing.sources import source_named, sources_of

    chosen = [source_named(project, name) for name in names] if names else list(sources_of(project).values())
    found = []
    for one in chosen:
        if (one.kind.pushed or one.kind.passing) and not names:
            session.remark(f"{one.name} {'is sent to us' if one.kind.pushed else 'is not kept'}: nothing to read again")
            continue
        with session.progress(one.name, 0) as bar:
            found.append(
                reconcile_source(project, one, project.wall(), asked, lambda rows: bar.move(0, f"{rows:,} rows"))
            )
    return found


def _show(session: Session, told: Reconciled) -> None:
    from coterie.cli.tables import plain_table

    console = session.console()
    wrong = {day: one for day, one in told.days.items() if not one.is_exact}
    there = sum(one.there for one in told.days.values())
    word = "[green]exact[/]" if told.is_exact else f"[bold red]{len(wrong):,} days differ[/]"
    console.print(
        f"[bold cyan]{told.source}[/]  {word}  {len(told.days):,} days, {told.rows:,} rows, {there:,} events;"
        f" {told.skipped:,} skipped, {told.refused:,} refused, {told.dropped:,} kept out"
    )
    if not wrong:
        return
    columns = ("day", "there", "here", "missing", "extra", "different", "sums")
    table = plain_table(*columns, right=columns[1:6], styles={"sums": "dim"})
    for day, one in list(wrong.items())[:DAYS_SHOWN]:
        counts = (one.there, one.here, one.missing, one.extra, one.different)
        table.add_row(day, *(f"{count:,}" for count in counts), _sums(one))
    console.print(table)
    for strange in told.strange:
        console.print(f"  {strange.what:9}  {strange.day}  {strange.event}  [cyan]{strange.event_id}[/]")


def _sums(one: Day) -> str:
    wrong = [two for two in one.sums if two.there != two.here]
    return "; ".join(f"{two.property} of {two.event} {two.there} there, {two.here} here" for two in wrong[:3])
