"""``coterie standards``: the rules that make values normal, and what they would make of events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from coterie.cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coterie.engine.governance.trials import Trial


@click.group("standards", invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """List the rules of `governance/`, in the order in which they are applied to every event before anybody asks whose it is."""
    if ctx.invoked_subcommand is None:
        _list(ctx.obj)


def _list(session: Session) -> None:
    from coterie.engine.governance.standards import said, standards_of

    rules = said(standards_of(session.project()))
    if session.as_json:
        session.answer(rules)
        return
    from rich.markup import escape

    from coterie.cli.tables import plain_table

    table = plain_table("rule", "of", "kind", "only", "otherwise", styles={"rule": "dim", "of": "bold cyan"})
    for one in rules:
        only = ", ".join([*one.events, *(f"from {name}" for name in one.sources)])
        table.add_row(f"{one.file} #{one.number}", escape(", ".join(one.of)), one.kind, escape(only), one.otherwise)
    session.console().print(table if rules else "no rules: write governance/<key>.yaml")


@command.command("try")
@click.option(
    "--event", "name", default="", help="Name of an event to try them on; without it, the newest events of the log."
)
@click.option(
    "--property",
    "-p",
    "pairs",
    multiple=True,
    metavar="KEY=VALUE",
    help="A property of that event; JSON, or else text.",
)
@click.option("--identifier", "-i", "callers", multiple=True, metavar="KIND=VALUE", help="An identifier of that event.")
@click.option("--source", default="", help="Where the event is to come from.")
@click.option("--newest", default=1_000, show_default=True, help="So many of the newest events of the log.")
@click.pass_obj
def try_out(
    session: Session, name: str, pairs: tuple[str, ...], callers: tuple[str, ...], source: str, newest: int
) -> None:
    """Show what the rules on disk would make of an event, or of the newest events of the log; nothing is kept."""
    from coterie.engine.governance.standards import standards_of
    from coterie.engine.governance.trials import event_of, tried, tried_on_log

    project = session.project()
    standards, now = standards_of(project), project.present()
    if name:
        one = event_of(name, dict(_pair(text) for text in pairs), [_named(text) for text in callers], now)
        trials = tried(project, standards, [one], source, now)
    else:
        trials = tried_on_log(project, standards, newest)
    shown = [one for one in trials if name or not one.is_idle]
    if session.as_json:
        session.answer(shown)
        return
    _show(session, shown, len(trials))


def _show(session: Session, trials: Sequence[Trial], looked: int) -> None:
    from rich.markup import escape

    console = session.console()
    for one in trials:
        refused = f"  [red]quarantine[/] {escape(one.refused)}" if one.refused else ""
        console.print(f"[bold]{escape(one.event)}[/]{refused}")
        for change in one.changes:
            gone = "[red]dropped[/]" if change.value is None else f"[green]{escape(_text(change.value))}[/]"
            before = "[dim]nothing[/]" if change.received is None else escape(_text(change.received))
            console.print(f"  {escape(change.name)}: {before} → {gone}")
        for remark in one.remarks:
            console.print(f"  [yellow]{escape(remark)}[/]")
    if all(one.is_idle for one in trials):
        console.print("[green]nothing would change[/]")
    changed = sum(not one.is_idle for one in trials)
    session.remark(f"{changed:,} of {looked:,} events would be changed, remarked upon or refused")


def _text(value: object) -> str:
    from coterie.values import canonical

    return value if isinstance(value, str) else canonical(value)


def _pair(text: str) -> tuple[str, object]:
    import msgspec

    key, equals, told = text.partition("=")
    if not equals or not key:
        raise click.BadParameter(f"{text!r} is not KEY=VALUE", param_hint="--property")
    try:
        return key, msgspec.json.decode(told)
    except msgspec.DecodeError:
        return key, told


def _named(text: str) -> tuple[str, str]:
    kind, equals, value = text.partition("=")
    if not equals or not kind:
        raise click.BadParameter(f"{text!r} is not KIND=VALUE", param_hint="--identifier")
    return kind, value


@command.command("remarks")
@click.option("--days", default=7, show_default=True, help="Of so many days back from now.")
@click.pass_obj
def remarks(session: Session, days: int) -> None:
    """Count what the rules made normal and what they could not, by event and property, with a sample."""
    from functools import cache

    from coterie.engine.governance.flow import source_named
    from coterie.engine.governance.remarked import remarked
    from coterie.governance.standardise import NAME
    from coterie.limits import DAY_US

    project = session.project()
    found = remarked(project, NAME, project.wall() - days * DAY_US)
    if session.as_json:
        session.answer(found)
        return
    from rich.markup import escape

    from coterie.cli.tables import plain_table

    table = plain_table("count", "what", "event", "property", "source", "sample", right=("count",), styles={"count": "bold yellow"})  # fmt: skip
    called = cache(source_named(project))
    for one in found:
        told = (one.kind, one.event, one.property, called(one.source), one.sample)
        table.add_row(f"{one.count:,}", *map(escape, told))
    session.console().print(table if found else "nothing was remarked upon")
