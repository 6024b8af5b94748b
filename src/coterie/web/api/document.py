"""The OpenAPI 3.1 document: parameters by FastAPI, bodies and answers from the structs that are read and written."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from coterie.engine.told import FOREIGN, is_instant
from coterie.web.api.definition import body_schema, definition_body
from coterie.web.api.routes import Shape
from coterie.web.errors import Refusal
from coterie.web.jobs import Job

Json = dict[str, Any]
_REF = "#/components/schemas/{name}"
_ERRORS = {
    401: "No key, or one that does not work",
    403: "The key's scope does not allow this",
    404: "Not found",
    422: "Not valid; `error.problems` tells everything at once",
    429: "Too much at once; see `Retry-After`",
    503: "Not ready yet; see `Retry-After`",
}
_WAITING = {504: "What `after` names was not reached in time"}
SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "`Authorization: Bearer ck_<scope>_…`"},
    "basic": {"type": "http", "scheme": "basic", "description": "The key as user name, no password."},
}


def openapi_of(app: FastAPI, shapes: dict[str, Shape]) -> Json:
    """Return the OpenAPI 3.1 document of the whole API."""
    document: Json = get_openapi(
        title=app.title, version=app.version, description=app.description, openapi_version="3.1.0", routes=app.routes
    )
    kinds = [
        kind for shape in shapes.values() for kind in (shape.answers, shape.body) if kind not in (None, definition_body)
    ]
    spelled, components = msgspec.json.schema_components([Refusal, *kinds], ref_template=_REF)
    schemas = dict(zip(map(_key, [Refusal, *kinds]), spelled, strict=True))
    for operations in document["paths"].values():
        for operation in operations.values():
            _fill(operation, shapes[operation["operationId"]], schemas)
    used = document.setdefault("components", {})
    kept = {name: one for name, one in used.get("schemas", {}).items() if "ValidationError" not in name}
    used["schemas"] = dict(sorted({**kept, **_instants(components)}.items()))
    used["responses"] = _refusals(schemas[_key(Refusal)])
    used["securitySchemes"] = SECURITY
    document["security"] = [{"bearer": []}, {"basic": []}]
    return document


def _fill(operation: Json, shape: Shape, schemas: dict[str, Json]) -> None:
    """The operation tells its body, its answers, and which scope it needs."""
    errors = _ERRORS | (_WAITING if shape.reads else {})
    content = {
        shape.media: {"schema": schemas[_key(shape.answers)] if shape.media.endswith("json") else {"type": "string"}}
    }
    begun: Json = {"application/json": {"schema": schemas[_key(Job)]}}
    operation["responses"] = {
        str(shape.status): {"description": "The answer", "content": content},
        **({"202": {"description": "Begun: a job to follow", "content": begun}} if shape.begins else {}),
        **{str(status): {"$ref": f"#/components/responses/{status}"} for status in errors},
        "default": {"$ref": "#/components/responses/default"},
    }
    if shape.body == definition_body:
        operation["requestBody"] = body_schema(
            {"type": "object", "description": "A definition: docs/segment.schema.json."}
        )
    elif shape.body is not None:
        body: Json = {"application/json": {"schema": schemas[_key(shape.body)]}}
        operation["requestBody"] = {"required": True, "content": body}
    operation["x-scope"] = shape.scope


def _refusals(schema: Json) -> Json:
    """Return every answer that is no success: one shape."""
    content = {"application/json": {"schema": schema}}
    texts = {str(status): text for status, text in (_ERRORS | _WAITING).items()}
    texts["default"] = "Any other error, in the same shape"
    return {status: {"description": text, "content": content} for status, text in texts.items()}


def _key(kind: Any) -> str:
    return str(kind)


def _instants(schema: Any, name: str = "") -> Any:
    """Return a schema in which whole numbers under the name of an instant are RFC 3339 text, as ``told`` writes them."""
    if isinstance(schema, list):
        return [_instants(item, name) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") == "integer" and is_instant(name):
        rest = {key: value for key, value in schema.items() if key not in ("type", "default")}
        return {**rest, "type": "string", "format": "date-time"}
    changed = {}
    for key, value in schema.items():
        if key == "properties" and isinstance(value, dict):
            changed[key] = {one: inner if one in FOREIGN else _instants(inner, one) for one, inner in value.items()}
        else:
            changed[key] = _instants(value, name)
    return changed
