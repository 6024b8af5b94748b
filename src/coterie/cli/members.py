"""``coterie members``: who is in a segment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from coterie.cli.session import Session, instant_at

if TYPE_CHECKING:
    from coterie.engine.project import Project
    from coterie.segments.definition import Segment


@click.command("members")
@click.argument("key")
@click.option("--at", help="The instant: RFC 3339, a date, '3d ago', now, end (default: the project's present).")
@click.option(
    "--knowledge",
    type=click.Choice(["then", "now"]),
    default="then",
    show_default=True,
    help="As known then, or with all that is known now.",
)
@click.option(
    "--limit", default=50, show_default=True, help="Show at most so many; -1 for all. --json always tells all."
)
@click.option("--add", "added", multiple=True, metavar="ID", help="Put a person in by hand (manual segments).")
@click.option("--remove", "removed", multiple=True, metavar="ID", help="Take a person out by hand (manual segments).")
@click.option("--release", "released", multiple=True, metavar="ID", help="Leave a person to the rule again.")
@click.pass_obj
def command(
    session: Session,
    key: str,
    at: str | None,
    knowledge: Literal["then", "now"],
    limit: int,
    added: tuple[str, ...],
    removed: tuple[str, ...],
    released: tuple[str, ...],
) -> None:
    """List the members of the segment KEY, one per line, at any instant. Or put people in and out by hand."""
    from coterie.engine import definitions
    from coterie.engine.history import History

    project = session.project()
    segments = definitions.in_use(project)
    segment = definitions.named(segments, key)
    if added or removed or released:
        _by_hand(session, project, segment, added, removed, released)
    instant = instant_at(session, project, at)
    catalog = definitions.catalog(project, segments)
    with History(project.events) as history:
        members = sorted(history.members_at(catalog, key, instant, knowledge))
    if session.as_json:
        session.answer(
            {"segment": key, "at": instant, "knowledge": knowledge, "size": len(members), "members": members}
        )
        return
    shown = members if limit < 0 else members[:limit]
    if shown:
        click.echo("\n".join(shown))
    session.remark(
        f"{len(members):,} member{'s' * (len(members) != 1)}"
        + (f", {len(members) - len(shown):,} more: --limit -1" if len(shown) < len(members) else "")
    )


def _by_hand(
    session: Session,
    project: Project,
    segment: Segment,
    added: tuple[str, ...],
    removed: tuple[str, ...],
    released: tuple[str, ...],
) -> None:
    from coterie.engine.apply import put_by_hand
    from coterie.errors import Problem

    if not segment.manual:
        raise Problem(
            "nobody is put in or out of this segment by hand",
            where=segment.key,
            hint="say manual: true in its definition",
        )
    words: tuple[tuple[tuple[str, ...], Literal["in", "out"] | None], ...] = (
        (added, "in"),
        (removed, "out"),
        (released, None),
    )
    changes = sum(put_by_hand(project, segment.key, one, state) for names, state in words for one in names)
    session.remark(f"{changes} membership change{'s' * (changes != 1)}")
