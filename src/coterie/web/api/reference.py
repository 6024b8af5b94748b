"""The table of every address, for the page about the interface."""

from __future__ import annotations

from typing import Any

from coterie.web.api.application import fastapi_of

HEADING = "## Every address"


def table() -> str:
    """Return every operation as Markdown: what it is asked with, which scope it needs, what it does; by resource."""
    document: dict[str, Any] = fastapi_of().openapi()
    rows: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method, one in operations.items():
            line = f"| `{method.upper()} {path}` | {one['x-scope']} | {_sentence(one)} |"
            rows.setdefault(one["tags"][0], []).append(line)
    parts = [
        HEADING,
        "",
        "Generated from [openapi.json](openapi.json), which also has every parameter, body and answer.",
    ]
    for tag, lines in rows.items():
        parts += ["", f"### {tag[0].upper()}{tag[1:]}", "", "| Request | Key | What it does |", "|---|---|---|", *lines]
    return "\n".join(parts) + "\n"


def page(written: str) -> str:
    """Return a page whose part below ``HEADING`` is the table."""
    return written.partition(HEADING)[0].rstrip("\n") + "\n\n" + table()


def _sentence(operation: dict[str, Any]) -> str:
    said: str = operation["summary"].replace("|", "\\|")
    return said if said.endswith((".", "?")) else f"{said}."
