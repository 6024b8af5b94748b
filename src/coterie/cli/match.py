"""``coterie match``: people who are probably one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from coterie.cli.session import Session

if TYPE_CHECKING:
    from coterie.storage.matches import Match

BY_HAND = "by hand"


@click.group("match", invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Find profiles that are probably one person, and accept or reject what was found."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_matches)


@command.command("propose")
@click.pass_obj
def propose_matches(session: Session) -> None:
    """Look for matches in the traits of everybody and keep them as proposals.

    Those as probable as `accept_above` of the settings are accepted and written into the log. Needs the extra `matching`.
    """
    from coterie.engine import matching

    project = session.project()
    found = matching.propose(project, project.wall())
    written = matching.write(project, [fact for one in found.accepted for fact in matching.facts_of(one.proposal)])
    if session.as_json:
        session.answer({"people": found.people, "proposed": found.proposed, "new": found.new, "accepted": written})
        return
    click.echo(
        f"{found.people:,} people compared: {found.proposed:,} matches, {found.new:,} of them new, {written:,} accepted"
    )
    if found.proposed:
        session.remark("see them: coterie match list")


@command.command("list")
@click.option(
    "--state", type=click.Choice(["proposed", "accepted", "rejected"]), default="proposed", show_default=True,
    help="Which matches.",
)  # fmt: skip
@click.option("--limit", default=20, show_default=True, help="At most so many; -1 for all.")
@click.pass_obj
def list_matches(session: Session, state: str = "proposed", limit: int = 20) -> None:
    """List matches, the most probable first."""
    from coterie.engine.matching import store_of

    matches = store_of(session.project()).all(state, limit)  # type: ignore[arg-type]
    if session.as_json:
        session.answer([_plain(match) for match in matches])
        return
    from coterie.cli.tables import plain_table

    table = plain_table("match", "probability", "survivor", "loser", right=("probability",))
    for match in matches:
        one = match.proposal
        table.add_row(one.id, f"{one.probability:.2%}", one.survivor, one.loser)
    session.console().print(table if matches else f"[dim]no match is {state}[/]")


@command.command("show")
@click.argument("match_id", metavar="MATCH")
@click.pass_obj
def show_match(session: Session, match_id: str) -> None:
    """Show what speaks for and against a match, in bits (one more is twice the odds)."""
    from coterie.engine.matching import store_of

    match = store_of(session.project()).get(match_id)
    if session.as_json:
        session.answer(_plain(match))
        return
    click.echo(match.proposal.text())
    by = f" ({match.decided_by})" if match.decided_by else ""
    click.echo(f"{match.state}{by}")


@command.command("accept")
@click.argument("match_ids", metavar="MATCH...", nargs=-1, required=True)
@click.option("--survivor", default=None, help="The profile that absorbs the other (default: the one proposed).")
@click.pass_obj
def accept_matches(session: Session, match_ids: tuple[str, ...], survivor: str | None) -> None:
    """Merge the two profiles of each match. An unmerge takes it back."""
    from coterie.engine import matching

    project = session.project()
    facts = [
        fact for match_id in match_ids for fact in matching.accept(project, match_id, BY_HAND, project.wall(), survivor)
    ]
    written = matching.write(project, facts)
    if session.as_json:
        session.answer({"accepted": len(match_ids), "merged": written})
    else:
        click.echo("\n".join(f"{fact.profile} absorbs {fact.properties['loser']}" for fact in facts))


@command.command("reject")
@click.argument("match_ids", metavar="MATCH...", nargs=-1, required=True)
@click.pass_obj
def reject_matches(session: Session, match_ids: tuple[str, ...]) -> None:
    """Remember that these are different people. They are not proposed again."""
    from coterie.engine import matching

    project = session.project()
    matches = [matching.reject(project, match_id, BY_HAND, project.wall()) for match_id in match_ids]
    if session.as_json:
        session.answer({"rejected": len(matches)})
    else:
        click.echo("\n".join(f"{one.proposal.survivor} and {one.proposal.loser} stay apart" for one in matches))


def _plain(match: Match) -> dict[str, object]:
    one = match.proposal
    return {
        "id": one.id,
        "state": match.state,
        "probability": one.probability,
        "weight": one.weight,
        "survivor": one.survivor,
        "loser": one.loser,
        "steps": list(one.steps),
        "proposed_at": match.proposed_at,
        "decided_at": match.decided_at,
        "decided_by": match.decided_by,
    }
