"""``coterie catalogue``: every field, where it comes from, who uses it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from coterie.cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coterie.governance.catalogue import Catalogue, Field

KINDS = ("event", "property", "trait", "identifier", "segment")
USAGES = ("used", "unused", "missing")


@click.group("catalogue", invoke_without_command=True)
@click.option("--kind", type=click.Choice(KINDS), default=None, help="Only entries of this kind.")
@click.option("--find", "word", default="", help="Only entries whose name, description or owner holds this.")
@click.option(
    "--usage", type=click.Choice(USAGES), default=None,
    help="Only what segments and triggers read, what nobody reads, or what they read and nobody ever sent.",
)  # fmt: skip
@click.pass_context
def command(ctx: click.Context, kind: str | None, word: str, usage: str | None) -> None:
    """List every event, property, trait, identifier and segment: types, how much, since when, whose, used by whom."""
    if ctx.invoked_subcommand is None:
        _list(ctx.obj, kind or "", word, usage or "")


def _list(session: Session, kind: str, word: str, usage: str) -> None:
    catalogue = _read(session)
    found = catalogue.where(kind, word, usage)
    if session.as_json:
        session.answer(
            {"events": catalogue.events, "looked": catalogue.looked, "people": catalogue.people, "fields": found}
        )
        return
    from rich.markup import escape

    from coterie.cli.tables import plain_table

    styles = {"name": "bold cyan", "used by": "dim", "types": "dim"}
    table = plain_table("kind", "name", "count", "share", "types", "personal", "used by", right=("count", "share"), styles=styles)  # fmt: skip
    table.columns[1].no_wrap = True
    for one in found:
        share = "" if one.share is None else f"{one.share:.1%}"
        count = "" if one.kind == "segment" else f"{one.count:,}" if one.is_seen else "[yellow]never seen[/]"
        pii = f"[yellow]{one.pii}[/]" if one.is_personal else ""
        table.add_row(one.kind, escape(one.name), count, share, ", ".join(one.types), pii, escape(_used(one)))
    session.console().print(table)
    session.remark(f"{len(found):,} of {len(catalogue.fields):,} entries, from {catalogue.says()}")


def _read(session: Session) -> Catalogue:
    from coterie.engine.governance.catalogue import catalogue_of

    return catalogue_of(session.project())


def _used(one: Field, shown: int = 3) -> str:
    from coterie.cli.tables import some

    return some([name.partition(":")[2] for name in one.used_by], shown) if one.used_by else ""


@command.command("show")
@click.argument("name")
@click.pass_obj
def show(session: Session, name: str) -> None:
    """Tell everything of one entry, such as `order`, `order.total` or `trait:plan`: where it comes from, where it goes."""
    catalogue = _read(session)
    found = catalogue.called(name)
    if session.as_json:
        session.answer(
            [
                {
                    "field": one,
                    "comes_from": [str(node) for node in catalogue.lineage.origins(one.node)],
                    "goes_to": [str(node) for node in catalogue.lineage.reached(one.node)],
                }
                for one in found
            ]
        )
        return
    for one in found:
        _tell(session, one, catalogue)


def _tell(session: Session, one: Field, catalogue: Catalogue) -> None:
    from rich.markup import escape

    from coterie.segments.instants import rfc3339

    console = session.console()
    console.print(f"[bold cyan]{escape(one.name)}[/]  [dim]{one.kind}[/]  {escape(one.description)}".rstrip())
    share = "" if one.share is None else f" ({one.share:.1%})"
    seen = f"{rfc3339(one.first_at)} to {rfc3339(one.last_at)}" if one.first_at is not None and one.last_at else "never"
    told: Sequence[tuple[str, str]] = (
        ("owner", one.owner),
        ("personal", one.pii),
        ("types", ", ".join(one.types)),
        ("count", "" if one.kind == "segment" else f"{one.count:,}{share}"),
        ("seen", "" if one.kind == "segment" else seen),
        ("made of", ", ".join(one.columns)),
        ("made normal by", ", ".join(one.rules)),
        ("examples", ", ".join(one.examples)),
        ("comes from", ", ".join(str(node) for node in catalogue.lineage.origins(one.node))),
        ("goes to", ", ".join(str(node) for node in catalogue.lineage.reached(one.node))),
    )
    for label, text in told:
        if text:
            console.print(f"  [dim]{label:<15}[/]{escape(text)}")


@command.command("page")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def page(session: Session, file: Path) -> None:
    """Write the catalogue as one page of HTML that needs nothing else."""
    from coterie.governance.page import page_of

    project = session.project()
    catalogue = _read(session)
    file.write_text(page_of(catalogue, project.settings.name, project.present()), encoding="utf-8")
    if session.as_json:
        session.answer({"file": str(file), "entries": len(catalogue.fields)})
    else:
        session.remark(f"{len(catalogue.fields):,} entries are in {file}")
