"""The catalogue: every field with type, amount, owner, lineage and usage; as rows, one by one, and as a page."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Query
from msgspec import Struct
from starlette.responses import Response

from coterie.governance.catalogue import Catalogue, Field
from coterie.governance.page import POLICY, page_of
from coterie.segments.instants import from_us
from coterie.web.api.desk import Desk
from coterie.web.api.pages import Rows, sliced
from coterie.web.api.routes import Cursor, Here, Limit, Routes, Word

routes = Routes("catalogue")


class FieldTold(Struct, frozen=True, kw_only=True):
    """An event, property, trait, kind of identifier or segment: what it is, how much of it there is, who uses it.

    ``count`` are events, events with the property, people with the trait or identifier, or members. ``share`` is of the
    events or people, from 0 to 1. ``pii`` is the class of the tracking plan, or ``suspected`` by its values.
    """

    kind: Literal["event", "property", "trait", "identifier", "segment"]
    name: str
    description: str
    owner: str
    pii: str
    is_planned: bool
    types: tuple[str, ...]
    count: int
    share: float | None
    first_at: datetime | None
    last_at: datetime | None
    sources: tuple[str, ...]
    columns: tuple[str, ...]
    examples: tuple[str, ...]
    rules: tuple[str, ...]
    used_by: tuple[str, ...]


class FieldFull(Struct, frozen=True, kw_only=True):
    """An entry with everything that it comes from and everything that it goes to, as ``kind:name``, in the order of the flow."""

    field: FieldTold
    comes_from: tuple[str, ...]
    goes_to: tuple[str, ...]


class EdgeTold(Struct, frozen=True, kw_only=True):
    """One step of the lineage: ``target`` is made of ``source``, or reads it."""

    source: str
    target: str


Kind = Annotated[
    Literal["event", "property", "trait", "identifier", "segment"] | None, Query(description="Only this kind.")
]
Usage = Annotated[
    Literal["used", "unused", "missing"] | None,
    Query(description="Only what definitions read, what none reads, or what they read and nobody ever sent."),
]
Find = Annotated[str, Query(description="Only entries whose name, description or owner holds this.", max_length=200)]


@routes.get("/catalogue", Rows[FieldTold])
async def list_fields(
    desk: Here, cursor: Cursor = None, limit: Limit = 1000, kind: Kind = None, find: Find = "", usage: Usage = None
) -> Rows[FieldTold]:
    """Return every field by kind and name. It is made anew once a minute, less often where the log is long."""
    catalogue = await _read(desk)
    counts = desk.runner.counts()
    return sliced([_told(one, counts) for one in catalogue.where(kind or "", find, usage or "")], cursor, limit)


@routes.get("/catalogue/lineage", Rows[EdgeTold])
async def list_lineage(desk: Here, cursor: Cursor = None, limit: Limit = 10_000) -> Rows[EdgeTold]:
    """Return every step of the lineage: source, event, property or trait, features, model, segment, trigger, destination."""
    catalogue = await _read(desk)
    edges = [EdgeTold(source=str(source), target=str(target)) for source, target in catalogue.lineage.edges()]
    return sliced(edges, cursor, limit)


@routes.get("/catalogue/page", str, media="text/html")
async def read_catalogue_page(desk: Here) -> Response:
    """Return the catalogue as one page of HTML that needs nothing else."""
    catalogue = await _read(desk)
    text = page_of(catalogue, desk.project.settings.name, desk.now())
    policy = {"content-security-policy": f"{POLICY}; frame-ancestors 'none'"}
    return Response(text, media_type="text/html", headers=policy)


@routes.get("/catalogue/{kind}/{name}", FieldFull)
async def read_field(desk: Here, kind: Word, name: Word) -> FieldFull:
    """Return one field with what it comes from and what would feel it if it went away."""
    catalogue = await _read(desk)
    one = catalogue.named(kind, name)
    return FieldFull(
        field=_told(one, desk.runner.counts()),
        comes_from=tuple(map(str, catalogue.lineage.origins(one.node))),
        goes_to=tuple(map(str, catalogue.lineage.reached(one.node))),
    )


async def _read(desk: Desk) -> Catalogue:
    return await desk.ask(desk.catalogues.read)


def _told(one: Field, counts: dict[str, int]) -> FieldTold:
    return FieldTold(
        kind=one.kind, name=one.name, description=one.description, owner=one.owner, pii=one.pii, types=one.types,
        is_planned=one.is_planned, count=counts.get(one.name, 0) if one.kind == "segment" else one.count,
        share=one.share, first_at=None if one.first_at is None else from_us(one.first_at),
        last_at=None if one.last_at is None else from_us(one.last_at), sources=one.sources, columns=one.columns,
        examples=one.examples, rules=one.rules, used_by=one.used_by,
    )  # fmt: skip
