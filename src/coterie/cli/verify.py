"""``coterie verify``: the proof that one definition has one answer."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from coterie.cli.exits import DISAGREE, OK
from coterie.cli.session import Session, instant_at

if TYPE_CHECKING:
    from coterie.engine.verification import Difference, Verification


@click.command("verify")
@click.argument("key", required=False)
@click.option(
    "--instants", "count", default=20, show_default=True, type=click.IntRange(1, 1000), help="How many instants."
)
@click.option("--at", "moments", multiple=True, help="Exactly this instant instead (may be repeated).")
@click.option("--seed", default=1, show_default=True, help="Chooses the instants.")
@click.option(
    "--case",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="See a difference that was written to a file again.",
)
@click.pass_obj
def command(
    session: Session, key: str | None, count: int, moments: tuple[str, ...], seed: int, case: Path | None
) -> int:
    """Let the oracle, SQL and the live reader judge every profile at many instants, and compare. Exits with 4 if they differ.

    The instants are chosen to be hard: arrivals, and edges at which a membership is due to change. A difference is made as
    small as it gets and written to a file that `--case` reads.
    """
    from coterie.engine import definitions
    from coterie.engine.cases import load_case, write_case
    from coterie.engine.verification import verify

    if case is not None:
        return _again(session, *load_case(case))
    project = session.project()
    segments = definitions.in_use(project)
    catalog = definitions.catalog(project, segments)
    if key is not None:
        definitions.named(segments, key)
        catalog = catalog.closure(key)
    instants = [instant_at(session, project, one) for one in moments]
    session.warn_when_cold()
    with session.progress("verify", 1.0) as bar:
        found = verify(
            project, catalog, instants=instants, count=count, seed=seed, workers=os.cpu_count() or 1, progress=bar.move
        )
    file = None if found.difference is None else write_case(project, catalog, found.difference, segments)
    if session.as_json:
        session.answer(found)
    else:
        _show(session, found, file)
    return DISAGREE if found.differences else OK


def _show(session: Session, found: Verification, file: Path | None) -> None:
    from coterie.cli.tables import plain_table
    from coterie.segments.instants import rfc3339

    console = session.console()
    table = plain_table(
        "segment",
        "judged",
        "members",
        "oracle = SQL = live",
        right=("judged", "members"),
        styles={"segment": "bold cyan"},
    )
    for one in found.segments:
        verdict = f"[red]{one.differences:,} differ[/]" if one.differences else "[green]✓[/]"
        table.add_row(one.key, f"{one.judged:,}", f"{one.members:,}", verdict)
    console.print(table)
    span = f"{rfc3339(found.instants[0])} … {rfc3339(found.instants[-1])}"
    console.print(
        f"[dim]{len(found.instants)} instants, {span}; {found.events:,} events of {found.profiles:,} profiles[/]"
    )
    if found.difference is None:
        console.print(f"[bold green]proved:[/] {found.judged:,} memberships judged three times, 0 differences")
        return
    _show_difference(session, found.difference)
    console.print(f"see it again: coterie verify --case {file}")


def _show_difference(session: Session, found: Difference) -> None:
    from coterie.cli.tables import plain_table, some
    from coterie.segments.instants import rfc3339
    from coterie.values import canonical

    console = session.console()
    console.print(f"[bold red]readers disagree[/] on {found.key} about {found.profile} at {rfc3339(found.at)}")
    for reader, members in found.members.items():
        console.print(f"  {reader:7} {some(members) or '[dim]nobody[/]'}")
    table = plain_table("received", "occurred", "profile", "event", "properties")
    for event in found.events:
        table.add_row(
            rfc3339(event.received_at),
            rfc3339(event.occurred_at),
            event.profile,
            event.name,
            canonical(event.properties),
        )
    console.print(table)


def _again(session: Session, catalog: object, found: Difference) -> int:
    from coterie.engine.verification import disagreement
    from coterie.segments.catalog import Catalog

    assert isinstance(catalog, Catalog)
    said = disagreement(catalog, found.key, found.events, found.at)
    if session.as_json:
        session.answer(
            {"disagree": said is not None, "members": None if said is None else {k: sorted(v) for k, v in said.items()}}
        )
    elif said is None:
        session.console().print("[green]the readers agree on this case now[/]")
    else:
        _show_difference(session, found)
    return OK if said is None else DISAGREE
