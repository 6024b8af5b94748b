"""JSON Schema, compiled once: the one judge of what a plan allows."""

from __future__ import annotations

from typing import Any

import jsonschema_rs

DRAFT = "https://json-schema.org/draft/2020-12/schema"
Validator = jsonschema_rs.Draft202012Validator
ValidationError = jsonschema_rs.ValidationError


def validator_of(schema: dict[str, Any]) -> Validator:
    """Return the compiled schema: formats are checked, patterns take linear time, nothing is fetched from anywhere.

    Cost: about 20 µs; a value is then judged in 0.1 to 0.5 µs. Raises: ValueError for what is no schema.
    """
    return jsonschema_rs.Draft202012Validator(
        schema, validate_formats=True, pattern_options=jsonschema_rs.RegexOptions(), retriever=_nothing
    )


def _nothing(address: str) -> Any:
    raise ValueError(f"a plan refers to nothing outside itself: {address}")
