"""``coterie segments``: all segments at a glance."""

from __future__ import annotations

import click

from coterie.cli.session import Session, instant_at


@click.command("segments")
@click.option("--at", help="The instant of the sizes (default: the project's present).")
@click.pass_obj
def command(session: Session, at: str | None) -> None:
    """List the segments in force (those on disk while none is) with version, size and sentence."""
    from coterie.engine import definitions
    from coterie.engine.history import History

    project = session.project()
    segments = definitions.in_use(project)
    catalog = definitions.catalog(project, segments)
    instant = instant_at(session, project, at)
    with History(project.events) as history:
        sizes = {segment.key: history.sizes(catalog, segment.key, [instant])[0] for segment in segments}
        known = history.known(instant)
    applied = bool(project.applied.current())
    if session.as_json:
        session.answer(
            [
                {
                    "key": one.key,
                    "title": one.title,
                    "version": one.version,
                    "size": sizes[one.key],
                    "sentence": one.says(),
                    "owner": one.owner,
                    "tags": one.tags,
                    "applied": applied,
                    "at": instant,
                }
                for one in segments
            ]
        )
        return
    from coterie.cli.tables import bar, plain_table

    table = plain_table(
        "segment", "v", "size", "share", "says", right=("v", "size"), styles={"segment": "bold cyan", "says": "dim"}
    )
    for one in segments:
        share = sizes[one.key] / known if known else 0.0
        table.add_row(
            one.key, str(one.version), f"{sizes[one.key]:,}", f"[green]{bar(share, 10)}[/] {share:.1%}", one.says()
        )
    session.console().print(table)
    if not applied:
        session.remark("none is in force yet: coterie apply")
