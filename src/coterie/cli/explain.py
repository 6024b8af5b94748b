"""``coterie explain``: why somebody is in a segment or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from coterie.cli.session import Session, instant_at

if TYPE_CHECKING:
    from coterie.engine.explanation import Explained
    from coterie.model import Event
    from coterie.segments.explain import LeafExplanation

EVIDENCE_SHOWN = 8
TEXT_SHOWN = 64


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
        show(session, found)


def show(session: Session, found: Explained) -> None:
    """Draw an explanation: verdict, sentence, parts with evidence, outlook."""
    from rich.markup import escape

    from coterie.segments.instants import rfc3339

    console, told = session.console(), found.explanation
    verdict = "[bold green]is in[/]" if told.member else "[bold red]is not in[/]"
    console.print(f"[bold]{escape(told.profile)}[/] {verdict} [bold cyan]{told.segment}[/] at {rfc3339(told.at)}")
    if told.profile != found.asked_for:
        console.print(f"[dim]{escape(found.asked_for)} was merged into {escape(told.profile)}[/]")
    console.print(f"[italic]{escape(told.sentence)}[/]")
    for leaf in told.leaves:
        console.print()
        _show_leaf(session, leaf, found.events, told.at)
    console.print()
    console.print(f"[bold]{escape(told.outlook)}[/]")


def _show_leaf(session: Session, leaf: LeafExplanation, events: Mapping[str, Event], at: int) -> None:
    from rich.markup import escape

    from coterie.cli.tables import plain_table
    from coterie.segments.explain import spell

    console = session.console()
    sign = "[green]✓[/]" if leaf.holds else "[red]✗[/]"
    measured = f"  [dim]{escape(leaf.measured)}[/]" if leaf.measured else ""
    console.print(f"{sign} {escape(leaf.description)}{measured}")
    lines = _grouped(leaf, events)
    if lines:
        table = plain_table("", "when", "ago", "event", "what", right=("ago",), styles={"what": "dim", "event": "cyan"})
        table.show_header = False
        for when, occurred_at, name, text, count in lines[-EVIDENCE_SHOWN:]:
            times = f" × {count}" if count > 1 else ""
            table.add_row("   ", when, f"{spell(at - occurred_at)} ago", f"{escape(name)}{times}", escape(text))
        console.print(table)
    if len(lines) > EVIDENCE_SHOWN:
        console.print(f"    [dim]and earlier ones: {len(leaf.counted):,} events count (all of them: --json)[/]")
    if leaf.next_change is not None:
        console.print(f"    [dim]changes in {spell(leaf.next_change - at)} if nothing arrives[/]")


def _grouped(leaf: LeafExplanation, events: Mapping[str, Event]) -> list[tuple[str, int, str, str, int]]:
    """Return (when, instant, name, properties, how many) of the evidence, events of one instant and name together."""
    from coterie.segments.instants import rfc3339

    groups: dict[tuple[int, str], list[str]] = {}
    for one in leaf.counted:
        groups.setdefault((one.occurred_at, one.name), []).append(one.event_id)
    return [
        (rfc3339(at), at, name, _short(events[ids[0]]) if len(ids) == 1 else "", len(ids))
        for (at, name), ids in groups.items()
    ]


def _short(event: Event) -> str:
    text = "  ".join(f"{key}={value}" for key, value in event.properties.items())
    return text if len(text) <= TEXT_SHOWN else f"{text[: TEXT_SHOWN - 1]}…"
