"""``coterie replay``: history through the live reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from coterie.cli.session import Session, instant_at

if TYPE_CHECKING:
    from coterie.engine.project import Project
    from coterie.engine.replay import Replayed


@click.command("replay")
@click.option("--until", help="The instant at which the clock stops (default: the project's present).")
@click.option(
    "--batch",
    "rows",
    default=10_000,
    show_default=True,
    type=click.IntRange(1),
    help="Arrivals per micro-batch; the changes do not depend on it.",
)
@click.pass_obj
def command(session: Session, until: str | None, rows: int) -> None:
    """Drive the live reader through the whole log with a virtual clock, and keep every membership change.

    The change log is then what it would be had the segments in use always been in force.
    """
    from coterie.engine import definitions
    from coterie.engine.replay import replay

    project = session.project()
    catalog = definitions.catalog(project)
    end = instant_at(session, project, until)
    session.warn_when_cold()
    total = project.events.extent().events
    with session.progress("replay", total) as bar:
        done = replay(
            project,
            catalog,
            until=end,
            batch_rows=rows,
            progress=lambda n, changes: bar.move(n, f"{changes:,} changes"),
        )
    if session.as_json:
        session.answer(done)
    else:
        _show(session, project, done)


def _show(session: Session, project: Project, done: Replayed) -> None:
    from coterie.cli.tables import plain_table

    causes: dict[str, dict[str, int]] = {}
    moves: dict[tuple[str, str], int] = {}
    for row in project.changes.counts().to_pylist():
        by_cause = causes.setdefault(row["segment"], {})
        by_cause[row["cause"]] = by_cause.get(row["cause"], 0) + row["changes"]
        place = (row["segment"], row["direction"])
        moves[place] = moves.get(place, 0) + row["changes"]
    table = plain_table(
        "segment",
        "entered",
        "left",
        "inside now",
        "by",
        right=("entered", "left", "inside now"),
        styles={"segment": "bold cyan", "by": "dim"},
    )
    for key, inside in done.counts.items():
        by = ", ".join(
            f"{count:,} {cause}" for cause, count in sorted(causes.get(key, {}).items(), key=lambda one: -one[1])
        )
        entered, left = moves.get((key, "entered"), 0), moves.get((key, "exited"), 0)
        table.add_row(key, f"[green]{entered:,}[/]", f"[red]{left:,}[/]", f"{inside:,}", by)
    console = session.console()
    console.print(table)
    console.print(
        f"[bold]{done.changes:,}[/] changes by {done.events:,} events in {done.seconds:.1f} s "
        f"[dim]({done.events_per_s:,.0f} events/s, {done.state_bytes / 1e6:,.1f} MB of state)[/]"
    )
