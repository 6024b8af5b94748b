"""Write again what is generated: the pages of the language and the command line, the JSON Schema, and the interface."""

from __future__ import annotations

from pathlib import Path

import msgspec

from coterie.cli import pages
from coterie.connectors.destinations.definitions import KINDS
from coterie.features.definition import FeatureSet
from coterie.governance.definition import Standard
from coterie.learned.definition import KINDS as MODEL_KINDS
from coterie.segments import language_docs, schema
from coterie.triggers.definition import Trigger
from coterie.web.api import reference
from coterie.web.api.application import document_text
from tests.docs import tables
from tests.docs.blocks import ROOT

GENERATED = {
    "language.md": language_docs.main,
    "segment.schema.json": schema.main,
    "cli.md": lambda path: Path(path).write_text(pages.page(), encoding="utf-8"),
    "openapi.json": lambda path: Path(path).write_bytes(msgspec.json.format(document_text(), indent=2) + b"\n"),
    "api.md": lambda path: Path(path).write_text(
        reference.page((ROOT / "docs" / "api.md").read_text(encoding="utf-8")), encoding="utf-8"
    ),
    "trigger.schema.json": lambda path: Path(path).write_text(
        schema.text_of(schema.schema_of("Coterie trigger", Trigger)), encoding="utf-8"
    ),
    "destination.schema.json": lambda path: Path(path).write_text(
        schema.text_of(schema.schema_of("Coterie destination", *KINDS.values())), encoding="utf-8"
    ),
    "triggers.md": lambda path: tables.write("triggers.md", path),
    "destinations.md": lambda path: tables.write("destinations.md", path),
    "governance.md": lambda path: tables.write("governance.md", path),
    "governance.schema.json": lambda path: Path(path).write_text(
        schema.text_of(schema.schema_of("Coterie rules of governance", Standard)), encoding="utf-8"
    ),
    "features.md": lambda path: tables.write("features.md", path),
    "features.schema.json": lambda path: Path(path).write_text(
        schema.text_of(schema.schema_of("Coterie feature set", FeatureSet)), encoding="utf-8"
    ),
    "models.md": lambda path: tables.write("models.md", path),
    "models.schema.json": lambda path: Path(path).write_text(
        schema.text_of(schema.schema_of("Coterie model", *MODEL_KINDS.values())), encoding="utf-8"
    ),
    "quality.md": lambda path: tables.write("quality.md", path),
    "tracking-plan.md": lambda path: tables.write("tracking-plan.md", path),
    "sources/files.md": lambda path: tables.write("sources/files.md", path),
    "sources/sheets.md": lambda path: tables.write("sources/sheets.md", path),
    "bi.md": tables.star,
}
"""File of docs/ → what writes it to a path."""


def main() -> None:
    """Write every generated file."""
    for name, write in GENERATED.items():
        write(str(ROOT / "docs" / name))


if __name__ == "__main__":
    main()
