"""``coterie schema``: the JSON Schema of definitions."""

from __future__ import annotations

import click

from coterie.cli.session import Session


@click.command("schema")
@click.argument("what", type=click.Choice(["segment", "tracking-event", "tracking-plan"]), default="segment")
@click.pass_obj
def command(session: Session, what: str) -> None:
    """Print the JSON Schema of segment definitions, or of the tracking plan's files, with which editors check and complete them."""
    from coterie.segments.schema import json_schema

    if what == "segment":
        session.answer(json_schema())
        return
    from coterie.taxonomy.schemas import SCHEMAS

    session.answer(SCHEMAS[what]())
