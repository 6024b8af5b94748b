"""``coterie ingest``: files into the log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from coterie.cli.exits import OK, REFUSED_ROWS
from coterie.cli.session import Session

if TYPE_CHECKING:
    from coterie.engine.ingest import Ingested


@click.command("ingest")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--map", "mapping", required=True, help="The mapping: a file, or the name of one in mappings/.")
@click.option("--strict", is_flag=True, help="Exit with 5 when rows went to quarantine.")
@click.pass_obj
def command(session: Session, files: tuple[Path, ...], mapping: str, strict: bool) -> int:
    """Bring FILES into the log: CSV, JSON lines, Parquet or blank-separated columns, plain, .gz or .zst.

    Rows that cannot become events go to quarantine with the reason. A second run of the same files adds nothing.
    """
    from coterie.cli.mappings import named_mapping
    from coterie.engine.ingest import ingest
    from coterie.errors import NotFound

    project = session.project()
    rules = named_mapping(project, mapping)
    absent = [str(file) for file in files if not file.is_file()]
    if absent:
        raise NotFound(f"no file {', '.join(absent)}")
    sizes = {file: file.stat().st_size for file in files}
    before = {file: sum(sizes[one] for one in files[:place]) for place, file in enumerate(files)}
    with session.progress("ingest", sum(sizes.values())) as bar:
        done = ingest(
            project, files, rules, now=project.wall(), progress=lambda file, at: bar.move(before[file] + at, file.name)
        )
    if session.as_json:
        session.answer(done)
    else:
        show(session, done, rules.source)
    return REFUSED_ROWS if strict and done.refused else OK


def show(session: Session, done: Ingested, source: str) -> None:
    """Draw what became of the rows."""
    from rich.table import Table

    console = session.console()
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(justify="right", style="bold")
    table.add_column()
    table.add_row(f"{done.rows:,}", f"rows read from [cyan]{source}[/]")
    table.add_row(f"{done.added:,}", "events added to the log")
    if done.duplicates:
        table.add_row(f"{done.duplicates:,}", "events were there already")
    if done.skipped:
        table.add_row(f"{done.skipped:,}", "rows skipped, as the mapping says")
    if done.suppressed:
        table.add_row(f"{done.suppressed:,}", "events of people who were erased and do not come back")
    if done.refused:
        table.add_row(f"[yellow]{done.refused:,}[/]", f"rows refused ({done.quarantined:,} new in quarantine)")
        for reason, count in done.reasons.items():
            table.add_row("", f"[dim]{count:,} × {reason}[/]")
    console.print(table)
    if done.refused:
        session.remark("see them: coterie quarantine list")
