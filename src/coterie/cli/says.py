"""``coterie says``: a segment in one sentence."""

from __future__ import annotations

import click

from coterie.cli.session import Session


@click.command("says")
@click.argument("key", required=False)
@click.pass_obj
def command(session: Session, key: str | None) -> None:
    """Say the segment KEY, or every segment, in one English sentence each."""
    from coterie.engine import definitions

    project = session.project()
    segments = definitions.candidates(project)
    chosen = [definitions.named(segments, key)] if key else segments
    if session.as_json:
        session.answer({one.key: one.says() for one in chosen})
        return
    for one in chosen:
        click.echo(one.says() if key else f"{click.style(one.key, fg='cyan')}  {one.says()}")
