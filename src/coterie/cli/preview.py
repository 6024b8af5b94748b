"""``coterie preview``: a segment before it is trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from coterie.cli.session import Session, instant_at

if TYPE_CHECKING:
    from coterie.engine.preview import Preview


@click.command("preview")
@click.argument("key")
@click.option("--since", help="Begin of the chart (default: the begin of the log).")
@click.option("--until", help="End of the chart (default: the project's present).")
@click.option("--points", default=60, show_default=True, type=click.IntRange(1, 2000), help="Instants of the chart.")
@click.option("--no-cost", is_flag=True, help="Do not measure the live state.")
@click.pass_obj
def command(session: Session, key: str, since: str | None, until: str | None, points: int, no_cost: bool) -> None:
    """Show the segment KEY, on disk or in force: its size over time, its overlaps, and the cost of its live state."""
    from coterie.engine.preview import preview

    project = session.project()
    end = instant_at(session, project, until)
    begin = None if since is None else instant_at(session, project, since)
    if not no_cost:
        session.warn_when_cold()
    found = preview(project, key, until=end, since=begin, points=points, measure=not no_cost)
    if session.as_json:
        session.answer(found)
        return
    _show(session, found)


def _show(session: Session, found: Preview) -> None:
    from rich.text import Text

    from coterie.cli.chart import chart
    from coterie.cli.tables import bar, plain_table

    console = session.console()
    console.print(Text.assemble((found.key, "bold cyan"), "  ", (found.sentence, "")))
    if len(found.instants) > 1:
        points = list(zip(found.instants, found.sizes, strict=True))
        console.print(Text.from_ansi(chart(points, min(console.width, 100), colour=console.is_terminal)))
    size = found.sizes[-1]
    share = f" of {found.known:,} profiles ({size / found.known:.1%})" if found.known else ""
    console.print(f"[bold]{size:,}[/] members{share}; largest {max(found.sizes):,}, smallest {min(found.sizes):,}")
    if found.overlaps:
        table = plain_table(
            "also in", "size", "shared", "of these", "of those", right=("size", "shared"), styles={"also in": "cyan"}
        )
        for one in found.overlaps[:12]:
            table.add_row(
                one.key,
                f"{one.size:,}",
                f"{one.shared:,}",
                f"[green]{bar(one.of_this, 10)}[/] {one.of_this:.0%}",
                f"[blue]{bar(one.of_other, 10)}[/] {one.of_other:.0%}",
            )
        console.print(table)
    if found.cost:
        console.print(
            f"[dim]live state: about {found.cost.bytes_per_profile:,.0f} bytes per profile, {found.cost.bytes_total / 1e6:,.1f} MB for the {found.known:,} profiles of this log (measured on {found.cost.events:,} events)[/]"
        )
