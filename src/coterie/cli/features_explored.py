"""``coterie features explore`` and ``coterie features scales``: what the numbers look like before anybody models them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from coterie.cli.session import Session, instant_at

if TYPE_CHECKING:
    from coterie.features.exploration import Exploration

PAIRS = 8


@click.command("explore")
@click.argument("key")
@click.option("--at", "when", help="The instant as of which people are measured (default: the project's present).")
@click.option("--population", help="Only the members of this segment, instead of the set's own population.")
@click.option("--html", "page", type=click.Path(path_type=Path), help="Write the report as one page of HTML.")
@click.pass_obj
def explore(session: Session, key: str, when: str | None, population: str | None, page: Path | None) -> None:
    """Look at the set KEY before modelling: gaps, tails, outliers, what says the same, whether groups are likely."""
    from coterie.engine.learning.tables import feature_set_of, feature_table
    from coterie.engine.learning.telling import plain
    from coterie.features.exploration import explore as explored

    project = session.project()
    at = instant_at(session, project, when)
    with session.progress("looking at features", 2) as bar:
        table = feature_table(project, feature_set_of(project, key), at, population=population)
        bar.move(1, f"{len(table):,} people")
        found = explored(table)
    if page is not None:
        from coterie.engine.learning.exploration_page import exploration_page

        page.write_text(exploration_page(found), encoding="utf-8")
        session.remark(f"written: {page}")
    if session.as_json:
        session.answer(plain(found))
    else:
        _show(session, found)


@click.command("scales")
@click.argument("source", required=False)
@click.option("--at", "when", help="The instant as of which answers count (default: the project's present).")
@click.pass_obj
def scales(session: Session, source: str | None, when: str | None) -> None:
    """Judge the scales of surveys (or of one SOURCE): Cronbach's alpha with its interval, and which item spoils it."""
    from coterie.engine.learning.scales import scales_told
    from coterie.engine.learning.telling import plain

    project = session.project()
    found = scales_told(project, instant_at(session, project, when), source)
    if session.as_json:
        session.answer(plain(found))
        return
    from rich.markup import escape

    from coterie.cli.tables import plain_table

    console = session.console()
    for one in found:
        told = one.reliability
        console.print(f"[dim]{escape(one.source)}[/] {escape(told.says)}")
        table = plain_table(
            "item",
            "answers",
            "mean",
            "with the rest",
            "alpha without",
            right=("answers", "mean", "with the rest", "alpha without"),
        )
        for item in told.items:
            cells = (_said(item.mean), _said(item.rest), _said(item.without))
            table.add_row(escape(item.item), f"{item.answers:,}", *cells)
        console.print(table)
    if not found:
        console.print("no scales: a survey has them under scales:, see docs/sources/surveys.md")


def _show(session: Session, found: Exploration) -> None:
    from rich.markup import escape

    from coterie.cli.tables import plain_table
    from coterie.segments.instants import rfc3339

    console = session.console()
    console.print(f"{found.people:,} people as of {rfc3339(found.at)}")
    right = ("missing", "zeros", "median", "mean", "most", "skewness", "outliers")
    numbers = plain_table("feature", *right, right=right, styles={"feature": "bold cyan"})
    for one in found.numbers:
        middle, most = (one.quantiles[3], one.quantiles[6]) if one.quantiles else (None, None)
        cells = (_said(middle), _said(one.mean), _said(most), _said(one.skew))
        numbers.add_row(escape(one.name), _share(one.missing), _share(one.zeros), *cells, _share(one.outliers, 1))
    if found.numbers:
        console.print(numbers)
    categories = plain_table(
        "category", "missing", "levels", "most frequent", right=("missing", "levels"), styles={"category": "bold cyan"}
    )
    for other in found.categories:
        top = ", ".join(f"{escape(level.level)} {level.share:.0%}" for level in other.levels[:4])
        categories.add_row(escape(other.name), _share(other.missing), f"{other.distinct:,}", top)
    if found.categories:
        console.print(categories)
    pairs = ", ".join(f"{one.one} × {one.other} {one.correlation:+.2f}" for one in found.pairs[:PAIRS])
    if pairs:
        console.print(f"[dim]rank correlations:[/] {escape(pairs)}")
    for remark in found.remarks:
        console.print(f"• {escape(remark)}")


def _said(value: Any) -> str:
    return f"{value:,.3g}" if isinstance(value, int | float) else "[dim]unknown[/]"


def _share(value: Any, digits: int = 0) -> str:
    return f"{value:.{digits}%}" if isinstance(value, float) else "[dim]unknown[/]"
