"""A definition as the body of a request: YAML, or JSON."""

from __future__ import annotations

from typing import Any

from fastapi import Request

from coterie.errors import InvalidDefinition, Problem
from coterie.segments.definition import Segment
from coterie.segments.parse import parse_text

definition_body = "definition"
"""Stands for the body that is a definition in the OpenAPI document: its schema is that of the language."""
YAML = (
    "application/yaml",
    "application/x-yaml",
    "text/yaml",
    "text/x-yaml",
    "text/plain",
    "application/x-www-form-urlencoded",
)
"""Types that are read as YAML, of which JSON is a part; the last is what curl says of any body when it is not told."""


async def parsed(request: Request, key: str | None = None) -> Segment:
    """Return the definition in the body. Raises: InvalidDefinition with every problem."""
    segment = parse_text(await text_of(request), "definition.json" if is_json(request) else "definition.yaml")
    if key is not None and segment.key != key:
        hint = "the key of a segment is its name for ever; to rename, make a new one and delete the old"
        raise InvalidDefinition(
            [Problem("another key than that of the path", where="key", received=segment.key, allowed=key, hint=hint)]
        )
    return segment


async def text_of(request: Request) -> str:
    """Return the body as text. Raises: Problem when it is not UTF-8 or of no type that is understood."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("", "application/json", *YAML):
        raise Problem(
            "not a type that is understood",
            where="content-type",
            received=kind[:100],
            allowed="application/json, application/yaml",
        )
    try:
        return (await request.body()).decode()
    except UnicodeDecodeError as error:
        raise Problem("not UTF-8 text", where="body", received=error.reason) from error


def is_json(request: Request) -> bool:
    """Return whether the body says that it is JSON."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"


def body_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the body of an OpenAPI operation whose JSON has ``schema`` and that may be YAML instead."""
    return {
        "required": True,
        "content": {"application/json": {"schema": schema}, "application/yaml": {"schema": schema}},
    }
