"""``coterie models``: what was learned, who signed it, what is in force, and whose models are taken."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from coterie.cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable

COLOURS = {"published": "green", "fitted": "cyan", "expired": "yellow", "refused": "bold red", "not fitted": "dim"}
KINDS = ("clusters", "value", "propensity", "lookalike", "interests", "text")


def of_kind(command: Callable[..., object]) -> Callable[..., object]:
    """Give a command the option that tells models of two kinds with one key apart."""
    option = click.option("--kind", type=click.Choice(KINDS), default=None, help="Only where two kinds have one key.")
    return option(command)


@click.group("models")
def command() -> None:
    """Models that were learned: clusters, value, propensities, lookalikes. Versioned files that are signed, never code."""


@command.command("list")
@click.pass_obj
def rows(session: Session) -> None:
    """List every model: what is written, fitted and published of it."""
    from coterie.engine.learning.overview import models_told

    project = session.project()
    found = models_told(project, project.present())
    if session.as_json:
        session.answer(found)
        return
    from coterie.cli.tables import plain_table

    table = plain_table(
        "model", "kind", "state", "versions", "published", "fitted", "people", "holds until", right=("people",)
    )
    for one in found:
        state = f"[{COLOURS[one.state]}]{one.state}[/]"
        told = (
            _versions(one.versions),
            str(one.published or ""),
            _day(one.fitted_at),
            f"{one.people:,}" if one.people else "",
        )
        table.add_row(f"[bold cyan]{one.key}[/]", one.kind, state, *told, _day(one.valid_until))
    console = session.console()
    console.print(table if found else "no models: write one in models/, then fit it")
    for one in found:
        if one.problem:
            session.remark(f"{one.key}: {one.problem}")


@command.command("show")
@click.argument("key")
@click.option("--version", type=int, help="This version (default: the published one, else the newest).")
@of_kind
@click.pass_obj
def show(session: Session, key: str, version: int | None, kind: str | None) -> None:
    """Show a version of the model KEY: its data, definition, quality, warnings and signature."""
    from coterie.engine.learning.overview import kind_of, version_told

    project = session.project()
    one = version_told(project, kind_of(project, key, kind or ""), key, version)
    if session.as_json:
        session.answer(one)
        return
    from rich.markup import escape

    from coterie.segments.instants import rfc3339
    from coterie.segments.parse.written import yaml_text

    console = session.console()
    word = "published" if one.is_published else "not published"
    console.print(f"[bold]{escape(one.title or one.key)}[/] · {one.kind} · version {one.version}, {word}")
    since = f"from {rfc3339(one.data_since)} " if one.data_since else ""
    console.print(
        f"{one.people:,} people, data {since}until {rfc3339(one.data_until)}, fitted {rfc3339(one.fitted_at)}"
    )
    if one.valid_until is not None:
        console.print(f"holds until {rfc3339(one.valid_until)}")
    console.print(f"signed by {escape(one.signer)} [dim]{one.signed_with}[/]")
    for warning in one.warnings:
        console.print(f"[yellow]![/] {escape(warning)}")
    for name, told in one.quality.items():
        if isinstance(told, int | float | str):
            console.print(f"{name}: {told:.6g}" if isinstance(told, float) else f"{name}: {escape(str(told))}")
        elif isinstance(told, dict) and "undetermined" in told:
            console.print(f"{name}: [dim]{escape(str(told['undetermined']))}[/]")
    console.print()
    console.print(escape(yaml_text(one.definition)), end="")


@command.command("history")
@click.argument("key")
@of_kind
@click.pass_obj
def history(session: Session, key: str, kind: str | None) -> None:
    """Tell what was done with the model KEY, the newest first."""
    from coterie.engine.learning.overview import history_of, kind_of

    project = session.project()
    found = history_of(project, kind_of(project, key, kind or ""), key)
    if session.as_json:
        session.answer(found)
        return
    from rich.markup import escape

    from coterie.cli.tables import plain_table
    from coterie.segments.instants import rfc3339

    table = plain_table("at", "what", "version", "by", "note")
    for one in found:
        table.add_row(rfc3339(one.at), one.deed, str(one.version), escape(one.by), escape(one.note))
    session.console().print(table)


@command.command("publish")
@click.argument("key")
@click.option("--version", type=int, help="A version (default: the newest).")
@of_kind
@click.pass_obj
def publish(session: Session, key: str, version: int | None, kind: str | None) -> None:
    """Put a version of the model KEY, of whatever kind, into force: everybody gets its traits. Again, to bring them up to date."""
    from coterie.engine.learning.offline import publish as put
    from coterie.engine.learning.overview import kind_of

    project = session.project()
    done = put(project, kind_of(project, key, kind or ""), key, version, "cli")
    if session.as_json:
        session.answer(done)
    else:
        told = f"{done.people:,} people, written of {done.written:,}"
        session.console().print(f"[green]published[/] version {done.version} of {key}: {told}")


@command.command("withdraw")
@click.argument("key")
@of_kind
@click.pass_obj
def withdraw(session: Session, key: str, kind: str | None) -> None:
    """Take the model KEY out of force: its traits are removed from everybody."""
    from coterie.engine.learning.offline import withdraw as take
    from coterie.engine.learning.overview import kind_of

    project = session.project()
    done = take(project, kind_of(project, key, kind or ""), key, "cli")
    if session.as_json:
        session.answer(done)
    else:
        session.console().print(f"[green]withdrawn[/] {key}: {done.written:,} people had its traits")


@command.command("verify")
@click.pass_obj
def verify(session: Session) -> int:
    """Check the signature of every version of every model. Exit code 2 when one does not hold."""
    from coterie.cli.exits import INVALID, OK
    from coterie.engine.learning.overview import verified

    found = verified(session.project())
    if session.as_json:
        session.answer(found)
    else:
        from rich.markup import escape

        console = session.console()
        for one in found:
            mark, told = ("[green]✓[/]", f"signed by {one.signer}") if one.holds else ("[red]✗[/]", one.problem)
            console.print(f"{mark} {one.kind} [bold]{one.key}[/] version {one.version}: {escape(told)}")
        if not found:
            console.print("no models were fitted yet")
    return OK if all(one.holds for one in found) else INVALID


@command.command("key")
@click.pass_obj
def own_key(session: Session) -> None:
    """Print the public key that this project's models are signed with, for others to trust."""
    from coterie.engine.learning.models import models_of

    key = models_of(session.project()).signers.own()
    if session.as_json:
        session.answer({"key": key})
    else:
        click.echo(key)


@command.command("trust")
@click.argument("key", required=False)
@click.option("--name", default="", help="Whose key it is, for people.")
@click.option("--remove", is_flag=True, help="Do not trust it any more; its models are refused from then on.")
@click.pass_obj
def trust(session: Session, key: str | None, name: str, remove: bool) -> None:
    """Trust the public KEY of another project, so that its models can be added; without KEY list those that are trusted."""
    from coterie.engine.learning.models import models_of

    project = session.project()
    signers = models_of(project).signers
    if key is None:
        found = signers.all()
        if session.as_json:
            session.answer(found)
            return
        for one in found:
            click.echo(f"{one.key}  {one.name}")
        session.remark(f"{len(found)} keys of others are trusted, and this project's own")
        return
    if remove:
        signers.distrust(key)
    else:
        signers.trust(key, name or "unnamed", project.wall())
    if session.as_json:
        session.answer({"key": key, "trusted": not remove})
    else:
        session.console().print(f"[green]{'not trusted any more' if remove else 'trusted'}[/] {key}")


@command.command("add")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def add(session: Session, file: Path) -> None:
    """Take the model in FILE from another project. Its signature has to hold, and its key to be trusted."""
    from coterie.engine.learning.models import models_of

    project = session.project()
    one = models_of(project).add(file.read_bytes(), str(file), project.wall())
    if session.as_json:
        session.answer({"kind": one.kind, "key": one.key, "version": one.version})
    else:
        session.console().print(
            f"[green]added[/] {one.kind} {one.key} version {one.version}; it is not published by that"
        )


@command.command("export")
@click.argument("key")
@click.option("--version", type=int, help="This version (default: the published one, else the newest).")
@click.option("--to", "path", type=click.Path(path_type=Path), help="Where to (default: <key>-<version>.json here).")
@of_kind
@click.pass_obj
def export(session: Session, key: str, version: int | None, path: Path | None, kind: str | None) -> None:
    """Write the signed file of the model KEY, to be added to another project. It names no customer."""
    from coterie.engine.learning.models import models_of
    from coterie.engine.learning.overview import kind_of, version_told

    project = session.project()
    one = version_told(project, kind_of(project, key, kind or ""), key, version)
    target = path or Path(f"{key}-{one.version}.json")
    target.write_bytes(models_of(project).file(one.kind, key, one.version))
    if session.as_json:
        session.answer({"path": str(target), "version": one.version})
    else:
        click.echo(f"written: {target}")


@command.command("remove")
@click.argument("key")
@click.argument("version", type=int)
@of_kind
@click.pass_obj
def remove(session: Session, key: str, version: int, kind: str | None) -> None:
    """Remove a VERSION of the model KEY that is not published, and who was where in it."""
    from coterie.engine.learning.models import models_of
    from coterie.engine.learning.overview import kind_of

    project = session.project()
    models_of(project).remove(kind_of(project, key, kind or ""), key, version, project.wall())
    if session.as_json:
        session.answer({"key": key, "removed": version})
    else:
        session.console().print(f"[green]removed[/] version {version} of {key}; its number is not given again")


def _versions(versions: tuple[int, ...]) -> str:
    if not versions:
        return ""
    return str(versions[0]) if len(versions) == 1 else f"{versions[0]}–{versions[-1]} ({len(versions)})"


def _day(instant: int | None) -> str:
    from coterie.segments.instants import from_us

    return "" if instant is None else from_us(instant).strftime("%Y-%m-%d")
