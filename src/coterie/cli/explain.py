"""``coterie explain``: why somebody is in a segment or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from coterie.cli.session import Session, instant_at

if TYPE_CHECKING:
    from coterie.engine.explanation import Explanation, LeafTold, Told


@click.command("explain")
@click.argument("key")
@click.argument("profile")
@click.option("--at", help="The instant: RFC 3339, a date, '3d ago', now, end (default: the project's present).")
@click.pass_obj
def command(session: Session, key: str, profile: str, at: str | None) -> None:
    """Say why PROFILE is in the segment KEY or not: part by part, with the events that count, and when that changes."""
    from coterie.engine.explanation import explain

    project = session.project()
    found = explain(project, key, profile, instant_at(session, project, at))
    if session.as_json:
        session.answer(found)
    else:
        _show(session, found)


def _show(session: Session, found: Explanation) -> None:
    from rich.markup import escape

    from coterie.engine.when import told

    console = session.console()
    verdict = "[bold green]is in[/]" if found.member else "[bold red]is not in[/]"
    console.print(f"[bold]{escape(found.profile)}[/] {verdict} [bold cyan]{found.key}[/] at {told(found.at)}")
    if found.profile != found.asked_for:
        console.print(f"[dim]{escape(found.asked_for)} was merged into {escape(found.profile)}[/]")
    console.print(f"[italic]{escape(found.sentence)}[/]")
    if not found.known:
        console.print("[yellow]nothing of this profile had arrived by then[/]")
    for leaf in found.leaves:
        console.print()
        _show_leaf(session, leaf, found.at)
    console.print()
    console.print(outlook(found))


def _show_leaf(session: Session, leaf: LeafTold, at: int) -> None:
    from rich.markup import escape

    from coterie.cli.tables import plain_table
    from coterie.engine.when import span

    console = session.console()
    sign = "[green]✓[/]" if leaf.holds else "[red]✗[/]"
    value = "" if leaf.value is None else f"  [dim]it is[/] {escape(_value(leaf))}"
    console.print(f"{sign} {escape(leaf.says)}{value}")
    if leaf.evidence:
        table = plain_table(
            "    when", "ago", "event", "properties", right=("ago",), styles={"properties": "dim", "event": "cyan"}
        )
        table.show_header = False
        for one in leaf.evidence:
            table.add_row(f"    {_moment(one)}", span(at - one.occurred_at), one.name, escape(_short(one, leaf)))
        console.print(table)
    if leaf.evidence_count > len(leaf.evidence):
        console.print(f"    [dim]the latest {len(leaf.evidence)} of {leaf.evidence_count:,} events that count[/]")
    if leaf.next_change is not None:
        console.print(f"    [dim]changes in {span(leaf.next_change - at)} if nothing arrives[/]")


def outlook(found: Explanation) -> str:
    """Return when membership changes if nothing arrives, and which events may change that."""
    from coterie.engine.when import span, told

    unless = f" unless {' or '.join(found.unless)} arrives first" if found.unless else ""
    if found.next_change is None:
        stays = "stays in" if found.member else "stays out"
        return f"[bold]{stays}[/]{unless}"
    moves = "leaves" if found.member else "enters"
    return f"[bold]{moves} in {span(found.next_change - found.at)}[/] [dim]({told(found.next_change)})[/]{unless}"


def _value(leaf: LeafTold) -> str:
    from coterie.engine.when import span
    from coterie.values import canonical

    if leaf.says.startswith("the time since") and isinstance(leaf.value, int | float):
        return span(int(leaf.value))
    return canonical(leaf.value)


def _moment(one: Told) -> str:
    from coterie.engine.when import told

    return told(one.occurred_at)


def _short(one: Told, leaf: LeafTold) -> str:
    """Return the properties that the part looks at, in one line."""
    text = "  ".join(f"{key}={one.properties[key]}" for key in leaf.reads if key in one.properties)
    return text if len(text) < 60 else f"{text[:59]}…"
