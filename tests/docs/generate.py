"""Write again what is generated: the pages of the language and the command line, and the JSON Schema."""

from __future__ import annotations

from pathlib import Path

from coterie.cli import pages
from coterie.segments import language_docs, schema
from tests.docs.blocks import ROOT

GENERATED = {
    "language.md": language_docs.main,
    "segment.schema.json": schema.main,
    "cli.md": lambda path: Path(path).write_text(pages.page(), encoding="utf-8"),
}
"""File of docs/ → what writes it to a path."""


def main() -> None:
    """Write every generated file."""
    for name, write in GENERATED.items():
        write(str(ROOT / "docs" / name))


if __name__ == "__main__":
    main()
