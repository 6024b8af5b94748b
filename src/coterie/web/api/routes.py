"""How a resource is written: a function per question, its answer a struct. FastAPI routes and reads parameters; msgspec reads bodies and writes answers."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request
from msgspec import Struct
from pydantic import AfterValidator
from starlette.responses import Response

from coterie.engine.told import told
from coterie.errors import Forbidden, Problem
from coterie.limits import DEFAULT
from coterie.web.access import GRANTS, Actor, KeyFound, Scope
from coterie.web.api.desk import Desk
from coterie.web.api.waiting import included

T = TypeVar("T")
Handler = Callable[..., Awaitable[Any]]
Method = Literal["GET", "POST", "PUT", "DELETE", "PATCH"]
SLASH = "\ue000"
"""Stands for an escaped slash (``%2F``) in the path while it is routed, so that ids may hold slashes."""


class Shape(Struct, frozen=True, kw_only=True):
    """What an operation takes and gives, for the OpenAPI document."""

    answers: Any
    body: Any = None
    scope: Scope
    status: int = 200
    reads: bool
    media: str = "application/json"
    begins: bool = False
    """Whether it may answer 202 with a job instead."""


class Routes:
    """The operations of one resource. ``shapes`` are by operation id, which is the function's name."""

    def __init__(self, noun: str) -> None:
        self.router = APIRouter(prefix="/v1", tags=[noun])
        self.shapes: dict[str, Shape] = {}

    def get(self, path: str, answers: Any, *, scope: Scope = "read", **more: Any) -> Callable[[Handler], Handler]:
        """The decorated function answers GET, after what ``?after=`` names is included."""
        return self._route("GET", path, Shape(answers=answers, scope=scope, reads=scope == "read", **more))

    def post(
        self, path: str, answers: Any, *, body: Any = None, scope: Scope = "admin", **more: Any
    ) -> Callable[[Handler], Handler]:
        """The decorated function answers POST."""
        return self._route("POST", path, Shape(answers=answers, body=body, scope=scope, reads=False, **more))

    def put(self, path: str, answers: Any, *, body: Any = None, scope: Scope = "admin") -> Callable[[Handler], Handler]:
        """The decorated function answers PUT."""
        return self._route("PUT", path, Shape(answers=answers, body=body, scope=scope, reads=False))

    def delete(self, path: str, answers: Any, *, scope: Scope = "admin") -> Callable[[Handler], Handler]:
        """The decorated function answers DELETE."""
        return self._route("DELETE", path, Shape(answers=answers, scope=scope, reads=False))

    def _route(self, method: Method, path: str, shape: Shape) -> Callable[[Handler], Handler]:
        def add(handler: Handler) -> Handler:
            @functools.wraps(handler)
            async def endpoint(*args: Any, **named: Any) -> Response:
                found = await handler(*args, **named)
                return found if isinstance(found, Response) else answer(found, shape.status)

            guards = [Depends(granted(shape.scope)), *([Depends(included)] if shape.reads else [])]
            name = handler.__name__
            self.shapes[name] = shape
            self.router.add_api_route(
                path, endpoint, methods=[method], operation_id=name, name=name, dependencies=guards,
                response_model=None, summary=summary_of(handler),
            )  # fmt: skip
            return handler

        return add


def summary_of(handler: Handler) -> str:
    """Return the first line of a function's docstring as a title: what it returns, or does."""
    line = (handler.__doc__ or "").strip().split("\n")[0].rstrip(".").removeprefix("Return ")
    return line[:1].upper() + line[1:]


def answer(found: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a struct as a JSON answer, instants as RFC 3339."""
    return Response(msgspec.json.encode(told(found)), status, headers, "application/json")


# ── what handlers ask for ────────────────────────────────────────────────────────────────────────────────────


def desk_of(request: Request) -> Desk:
    """Return the desk of the app that answers."""
    desk: Desk = request.app.state.desk
    return desk


def actor_of(request: Request) -> Actor:
    """Return who asks, for the audit log."""
    key: KeyFound | None = request.scope.get("coterie.key")
    return Actor(
        key_id=key.id if key else "",
        key_name=key.name if key else "",
        origin=request.client.host if request.client else "",
        request_id=request.scope.get("coterie.request_id", ""),
    )


@functools.cache
def granted(scope: Scope) -> Callable[[Request], Coroutine[Any, Any, None]]:
    """Return a dependency that refuses keys which may not do ``scope``. Raises: Forbidden."""

    async def check(request: Request) -> None:
        key: KeyFound | None = request.scope.get("coterie.key")
        if key is None or scope not in GRANTS[key.scope]:
            held = key.scope if key else "no"
            raise Forbidden(f"this needs a key with the scope {scope}; this one has {held}")

    return check


def taken(kind: type[T]) -> Callable[[Request], Coroutine[Any, Any, T]]:
    """Return a dependency that is the JSON body of the request as ``kind``. Raises: Problem."""
    decoder = msgspec.json.Decoder(kind)

    async def take(request: Request) -> T:
        body = await request.body()
        try:
            return decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            what, _, where = str(error).partition(" - at `")
            raise Problem(what, where=f"body{where.strip('`').removeprefix('$')}") from error

    return take


def instant(text: str | None, desk: Desk, where: str = "at") -> int:
    """Return the instant that a parameter means, now when it was left out. Raises: Problem."""
    from coterie.engine.when import instant as meant

    now = desk.now()
    if text is None:
        return now
    return meant(text, now, now, desk.project.settings.time_zone, where=where)


def _slashes(text: str) -> str:
    return text.replace(SLASH, "/")


Here = Annotated[Desk, Depends(desk_of)]
By = Annotated[Actor, Depends(actor_of)]
Key = Annotated[str, Path(description="Key of the segment.", max_length=200), AfterValidator(_slashes)]
Profile = Annotated[
    str, Path(description="Profile id, or `kind:value` of an identifier.", max_length=1000), AfterValidator(_slashes)
]
Word = Annotated[str, Path(max_length=500), AfterValidator(_slashes)]
Limit = Annotated[int, Query(ge=1, le=DEFAULT.api_page_max, description="At most so many rows.")]
Cursor = Annotated[str | None, Query(description="Where the page begins: `next` of the page before.", max_length=2000)]
At = Annotated[
    str | None, Query(description="The instant: RFC 3339, a date, `3d ago` or `now` (when left out).", max_length=100)
]
