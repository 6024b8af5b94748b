"""``coterie lists``: lists of people."""

from __future__ import annotations

import click

from coterie.cli.session import Session


@click.command("lists")
@click.option("--take", is_flag=True, help="Bring the changes into the log now (an apply does so, too).")
@click.pass_obj
def command(session: Session, take: bool) -> None:
    """Show the lists in lists/*.csv (first column: profile) and what changed since they were taken into the log."""
    from coterie.engine.apply import take_lists

    project = session.project()
    changes = [project.lists.change(key) for key in project.lists.names()]
    if take:
        take_lists(project)
    rows = [
        {
            "list": one.key,
            "version": one.version if take and (one.added or one.removed) else one.version - 1,
            "people": len(project.lists.members(one.key)),
            "added": len(one.added),
            "removed": len(one.removed),
        }
        for one in changes
    ]
    if session.as_json:
        session.answer(rows)
        return
    from coterie.cli.tables import plain_table

    table = plain_table(
        "list", "version", "people", "added", "removed", right=("version", "people", "added", "removed")
    )
    for row in rows:
        table.add_row(str(row["list"]), *(f"{row[name]:,}" for name in ("version", "people", "added", "removed")))
    session.console().print(table if rows else "[dim]no list: put a CSV into lists/[/]")
    if not take and any(one.added or one.removed for one in changes):
        session.remark("take the changes into the log: coterie lists --take")
