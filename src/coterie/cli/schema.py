"""``coterie schema``: the JSON Schema of definitions."""

from __future__ import annotations

import click

from coterie.cli.session import Session


@click.command("schema")
@click.argument(
    "what", type=click.Choice(["segment", "feature-set", "model", "tracking-event", "tracking-plan"]), default="segment"
)
@click.pass_obj
def command(session: Session, what: str) -> None:
    """Print the JSON Schema of segments, feature sets, models or the tracking plan's files: editors check and complete with it."""
    from coterie.segments.schema import json_schema, schema_of

    if what == "segment":
        session.answer(json_schema())
        return
    if what == "feature-set":
        from coterie.features.definition import FeatureSet

        session.answer(schema_of("Coterie feature set", FeatureSet))
        return
    if what == "model":
        from coterie.learned.definition import KINDS

        session.answer(schema_of("Coterie model", *KINDS.values()))
        return
    from coterie.taxonomy.schemas import SCHEMAS

    session.answer(SCHEMAS[what]())
