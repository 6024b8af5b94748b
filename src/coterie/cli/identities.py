"""``coterie identities``: which identifiers are one person, and why."""

from __future__ import annotations

import click

from coterie.cli.session import Session


@click.group("identities")
def command() -> None:
    """Show what a person is called, merge two people by hand, or take a merge back."""


@command.command("show")
@click.argument("who")
@click.pass_obj
def show(session: Session, who: str) -> None:
    """Show the person WHO (a profile, or an identifier as kind:value): identifiers, and every merge with its cause."""
    from coterie.engine.identity import identities_of, person_of
    from coterie.segments.instants import rfc3339

    found = identities_of(session.project())
    person = person_of(found, who)
    identifiers, merges = found.identifiers_of(person), found.merges_of(person)
    if session.as_json:
        session.answer({"profile": person, "identifiers": identifiers, "merges": merges})
        return
    from coterie.cli.tables import plain_table

    console = session.console()
    console.print(f"[bold]{person}[/]", markup=True)
    table = plain_table("kind", "value")
    for one in identifiers:
        table.add_row(f"  {one.kind}", one.value)
    console.print(table)
    for join in merges:
        undone = f", undone {rfc3339(join.until)}" if join.until is not None else ""
        why = f"because of {join.because}" if ":" in join.because else join.because or "as a record says"
        click.echo(f"{rfc3339(join.at)}  {join.into} absorbed {join.loser}, {why}{undone}")


@command.command("merge")
@click.argument("profile")
@click.argument("loser")
@click.pass_obj
def merge_people(session: Session, profile: str, loser: str) -> None:
    """Merge LOSER into PROFILE by hand, whatever the limits of identifiers say."""
    from coterie.engine.identity import merge

    fact = merge(session.project(), profile, loser)
    if session.as_json:
        session.answer({"profile": fact.profile, "loser": fact.properties["loser"]})
    else:
        click.echo(f"{fact.profile} absorbs {fact.properties['loser']}")


@command.command("unmerge")
@click.argument("profile")
@click.argument("loser")
@click.pass_obj
def unmerge_people(session: Session, profile: str, loser: str) -> None:
    """Take the merge of LOSER into PROFILE back: each has its own records again, and no event merges the two anew."""
    from coterie.engine.identity import unmerge

    fact = unmerge(session.project(), profile, loser)
    if session.as_json:
        session.answer({"profile": fact.profile, "loser": fact.properties["loser"]})
    else:
        click.echo(f"{fact.properties['loser']} stands on its own again")
