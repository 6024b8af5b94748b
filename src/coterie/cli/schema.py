"""``coterie schema``: the JSON Schema of definitions."""

from __future__ import annotations

import click

from coterie.cli.session import Session


@click.command("schema")
@click.pass_obj
def command(session: Session) -> None:
    """Print the JSON Schema of segment definitions, with which editors check and complete them."""
    from coterie.segments.schema import json_schema

    session.answer(json_schema())
