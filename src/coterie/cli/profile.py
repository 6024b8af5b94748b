"""``coterie profile``: one person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from coterie.cli.session import Session, instant_at

if TYPE_CHECKING:
    from coterie.engine.portrait import Move, Portrait


@click.command("profile")
@click.argument("profile")
@click.option("--at", help="As known at this instant (default: the project's present).")
@click.option("--limit", default=20, show_default=True, help="The latest so many events and changes; -1 for all.")
@click.pass_obj
def command(session: Session, profile: str, at: str | None, limit: int) -> None:
    """Show the person PROFILE: traits, timeline, and memberships with what caused them."""
    from coterie.engine.portrait import portrait

    project = session.project()
    session.warn_when_cold()
    found = portrait(project, profile, instant_at(session, project, at))
    if session.as_json:
        session.answer(found)
    else:
        _show(session, found, limit)


def _show(session: Session, found: Portrait, limit: int) -> None:
    from rich.markup import escape

    from coterie.cli.tables import plain_table
    from coterie.segments.explain import spell
    from coterie.segments.instants import rfc3339
    from coterie.values import canonical

    console = session.console()
    activity = sum(found.activity.values())
    console.print(
        f"[bold]{escape(found.profile)}[/]  {activity:,} events, {rfc3339(found.first_seen)} … {rfc3339(found.last_seen)}"
    )
    if found.profile != found.asked_for:
        console.print(f"[dim]{escape(found.asked_for)} was merged into {escape(found.profile)}[/]")
    if found.ids:
        console.print(f"[dim]merged from {escape(', '.join(found.ids))}[/]")
    console.print(f"[dim]{escape(', '.join(f'{count:,} {name}' for name, count in found.activity.items()))}[/]")
    if found.traits:
        console.print("\n[bold]traits[/]")
        table = plain_table("trait", "value", "since", styles={"since": "dim"})
        for one in found.traits:
            table.add_row(f"  {escape(one.name)}", escape(canonical(one.value)), rfc3339(one.since))
        console.print(table)
    console.print("\n[bold]memberships[/]" if found.memberships else "\n[dim]in no segment[/]")
    if found.memberships:
        table = plain_table(
            "segment", "since", "for", "because", right=("for",), styles={"segment": "cyan", "because": "dim"}
        )
        for move in found.memberships:
            table.add_row(f"  {move.segment}", rfc3339(move.at), spell(found.at - move.at), _cause(move))
        console.print(table)
    console.print(f"\n[bold]timeline[/] [dim](the latest {limit})[/]" if limit >= 0 else "\n[bold]timeline[/]")
    console.print(_timeline(found, limit))


def _cause(move: Move) -> str:
    return f"{move.cause}: {move.because}" if move.because else move.cause


def _timeline(found: Portrait, limit: int) -> object:
    from rich.markup import escape

    from coterie.cli.tables import plain_table
    from coterie.segments.instants import rfc3339

    lines = [(one.occurred_at, 0, f"[cyan]{escape(one.name)}[/]", _short(one.properties)) for one in found.timeline]
    for move in found.moves:
        sign = "[green]→ enters[/]" if move.direction == "entered" else "[red]← leaves[/]"
        lines.append((move.at, 1, f"{sign} [bold]{move.segment}[/]", _cause(move)))
    lines.sort(key=lambda line: line[:2])
    table = plain_table("when", "what", "", styles={"": "dim"})
    table.show_header = False
    for at, _, what, text in lines[-limit:] if limit > 0 else lines if limit < 0 else []:
        table.add_row(f"  {rfc3339(at)}", what, escape(text))
    return table


def _short(properties: Mapping[str, object]) -> str:
    text = "  ".join(f"{key}={value}" for key, value in properties.items())
    return text if len(text) <= 60 else f"{text[:59]}…"
