"""Scores: what models of value, propensity and resemblance say of people, and how good they are, as a page."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Path
from msgspec import Struct
from starlette.responses import Response

from coterie.engine.learning.score_page import score_page
from coterie.engine.learning.scoring import model_then, scored, table_of
from coterie.engine.project import Project
from coterie.engine.quality.page import POLICY
from coterie.web.api.models import Version
from coterie.web.api.pages import sliced
from coterie.web.api.routes import At, Cursor, Here, Limit, Routes, Word, instant

routes = Routes("scores")
Kind = Annotated[Literal["value", "propensity", "lookalike"], Path(description="Kind of the model.")]


class Scores(Struct, frozen=True, kw_only=True):
    """What a version says of people as of ``at``, the highest first; ``null`` is what cannot be said. ``expired``: older than it holds."""

    key: str
    version: int
    at: int
    expired: bool
    people: int
    rows: tuple[dict[str, Any], ...]
    next: str | None


@routes.get("/scores/{kind}/{key}", Scores)
async def read_scores(
    desk: Here, kind: Kind, key: Word, at: At = None, version: Version = None, cursor: Cursor = None, limit: Limit = 100
) -> Scores:
    """Return what a model says of people as of an instant, the highest first. Each page asks anew: give the `at` of the first."""
    return await desk.learn(_scores, desk.project, kind, key, version, instant(at, desk), cursor, limit)


@routes.get("/scores/{kind}/{key}/page", str, media="text/html")
async def read_scores_page(desk: Here, kind: Kind, key: Word, version: Version = None) -> Response:
    """Return how good a version is, as one page of HTML that needs nothing else."""
    artefact = await desk.ask(model_then, desk.project, kind, key, version, landed=False)
    policy = {"content-security-policy": f"{POLICY}; frame-ancestors 'none'"}
    return Response(score_page(artefact), media_type="text/html", headers=policy)


def _scores(
    project: Project, kind: Kind, key: str, version: int | None, at: int, cursor: str | None, limit: int
) -> Scores:
    artefact = model_then(project, kind, key, version)
    found = scored(project, artefact, at)
    table = table_of(found)
    page = sliced(range(table.num_rows), cursor, limit)
    rows = table.slice(page.rows[0], len(page.rows)).to_pylist() if page.rows else []
    return Scores(
        key=key, version=artefact.version, at=at, expired=found.expired, people=table.num_rows, rows=tuple(rows),
        next=page.next,
    )  # fmt: skip
