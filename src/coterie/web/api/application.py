"""The FastAPI application: every resource, every error in the one shape."""

from __future__ import annotations

import functools
import logging
from typing import Any

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from coterie.errors import CoterieError, InvalidDefinition, NotFound, Problem
from coterie.web.api.desk import Desk
from coterie.web.api.document import openapi_of
from coterie.web.api.resources import RESOURCES
from coterie.web.api.routes import Shape
from coterie.web.edge import Edge
from coterie.web.errors import body_of, headers_of

_log = logging.getLogger("coterie.web")
ABOUT = "Ask Coterie who people are, which segments they are in and why, and what changed."


def api(desk: Desk) -> Edge:
    """Return the ASGI app that answers everything under ``/v1`` but collect, guarded by keys, rates and bounds."""
    app = fastapi_of()
    app.state.desk = desk
    return Edge(app, desk)


def fastapi_of() -> FastAPI:
    """Return the application without a desk, as the OpenAPI document needs it."""
    app = FastAPI(
        title="Coterie", version="1", description=ABOUT, openapi_url=None, docs_url=None, redoc_url=None,
        redirect_slashes=False, separate_input_output_schemas=False,
    )  # fmt: skip
    shapes: dict[str, Shape] = {}
    for resource in RESOURCES:
        app.include_router(resource.router)
        shapes |= resource.shapes
    app.add_exception_handler(CoterieError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _failed)
    app.state.shapes = shapes
    app.openapi = lambda: openapi_of(app, shapes)  # type: ignore[method-assign]
    return app


@functools.cache
def document_text() -> bytes:
    """Return the OpenAPI document as JSON text."""
    return msgspec.json.encode(fastapi_of().openapi())


def refusal(error: CoterieError, request: Request) -> Response:
    """Return an error as an answer."""
    answer = Response(body_of(error, request.scope.get("coterie.request_id", "")), error.http_status)
    for name, value in headers_of(error):
        answer.headers[name.decode()] = value.decode()
    return answer


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, CoterieError)
    if error.http_status == 500:
        _log.error("an answer failed: %s", error.message)
    return refusal(error, request)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems = [_problem(one) for one in error.errors()]
    return refusal(problems[0] if len(problems) == 1 else InvalidDefinition(problems), request)


async def _failed(request: Request, error: Exception) -> Response:
    """Return what is said of a fault of ours: nothing of the program. It is raised on, and logged at the front."""
    return refusal(CoterieError("something failed here; it was logged", hint="say the request_id"), request)


def _problem(told: Any) -> Problem:
    where = ".".join(str(part) for part in told["loc"])
    received = told.get("input")
    return Problem(told["msg"], where=where, received=received if isinstance(received, str | int | float) else None)


class NoMethod(CoterieError):
    """The address is there, but does not answer this method."""

    http_status = 405


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    told: CoterieError
    allowed = ""
    if error.status_code == 405:
        allowed = ", ".join(_methods(request))
        told = NoMethod(f"{request.method[:20]} is not answered here", hint=f"allowed: {allowed}")
    elif error.status_code == 404:
        told = NotFound(f"nothing is at {request.scope['path'][:200]}", hint="see GET /v1/openapi.json")
    else:
        told = CoterieError(str(error.detail))
        told.http_status = error.status_code
    answer = refusal(told, request)
    if error.status_code == 405:
        answer.headers["allow"] = allowed
    return answer


def _methods(request: Request) -> list[str]:
    """Return the methods that the address of a request answers."""
    path, method = request.scope["path"], request.method
    scope = {"type": "http", "path": path, "method": method, "root_path": "", "path_params": {}}
    found = {
        method
        for resource in RESOURCES
        for route in resource.router.routes
        if route.matches(scope)[0] != Match.NONE
        for method in getattr(route, "methods", None) or ()
    }
    return sorted(found)
