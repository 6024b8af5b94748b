"""Feature sets: what is measured of people, what the numbers look like as of an instant, the report as a page."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query
from msgspec import Struct
from starlette.responses import Response

from coterie.engine.learning.exploration_page import exploration_page
from coterie.engine.learning.features import SetTold, Summary, summaries, told
from coterie.engine.learning.tables import arrow_of, feature_set_of, feature_sets, feature_table
from coterie.engine.project import Project
from coterie.engine.quality.page import POLICY
from coterie.features.exploration import explore
from coterie.features.table import FeatureTable
from coterie.segments.instants import rfc3339
from coterie.web.api.pages import Rows, sliced
from coterie.web.api.routes import At, Cursor, Here, Limit, Routes, Word, instant

routes = Routes("features")


class Measured(Struct, frozen=True, kw_only=True):
    """A feature set as of an instant: how many people were measured, and what each feature looks like."""

    key: str
    at: int
    people: int
    features: tuple[Summary, ...]


class MeasuredRows(Struct, frozen=True, kw_only=True):
    """Some people of a feature set as of an instant, by profile, with every feature; what is missing is ``null``."""

    key: str
    at: int
    rows: tuple[dict[str, Any], ...]
    next: str | None


Population = Annotated[str | None, Query(description="Only the members of this segment.", max_length=200)]


@routes.get("/features", Rows[SetTold])
async def list_feature_sets(desk: Here, cursor: Cursor = None, limit: Limit = 100) -> Rows[SetTold]:
    """Return the feature sets in `features/` by key, each with its features in words."""
    found = await desk.ask(_sets, desk.project, landed=False)
    return sliced(found, cursor, limit)


@routes.get("/features/{key}", SetTold)
async def read_feature_set(desk: Here, key: Word) -> SetTold:
    """Return one feature set, with what stands against following it live as it is written."""
    return await desk.ask(_set, desk.project, key, landed=False)


@routes.get("/features/{key}/summary", Measured)
async def summarise_features(desk: Here, key: Word, at: At = None, population: Population = None) -> Measured:
    """Return what each feature of a set looks like over everybody, as of an instant."""
    table = await desk.learn(_table, desk.project, key, instant(at, desk), population)
    return Measured(key=key, at=table.at, people=len(table), features=summaries(table))


@routes.get("/features/{key}/rows", MeasuredRows)
async def list_features(
    desk: Here, key: Word, at: At = None, population: Population = None, cursor: Cursor = None, limit: Limit = 1000
) -> MeasuredRows:
    """Return the features of people as of an instant. Each page measures everybody anew: give the `at` of the first page."""
    table = await desk.learn(_table, desk.project, key, instant(at, desk), population)
    page = sliced(range(len(table)), cursor, limit)
    rows = arrow_of(table.only(list(page.rows))).to_pylist() if page.rows else []
    return MeasuredRows(key=key, at=table.at, rows=tuple(rows), next=page.next)


@routes.get("/features/{key}/page", str, media="text/html")
async def read_features_page(desk: Here, key: Word, at: At = None) -> Response:
    """Return the exploratory report of a feature set as one page of HTML that needs nothing else."""
    moment = instant(at, desk)
    text = await desk.learn(lambda: exploration_page(explore(_table(desk.project, key, moment, None))))
    policy = {"content-security-policy": f"{POLICY}; frame-ancestors 'none'", "x-as-of": rfc3339(moment)}
    return Response(text, media_type="text/html", headers=policy)


def _sets(project: Project) -> list[SetTold]:
    return [told(project, one) for one in feature_sets(project)]


def _set(project: Project, key: str) -> SetTold:
    return told(project, feature_set_of(project, key))


def _table(project: Project, key: str, at: int, population: str | None) -> FeatureTable:
    return feature_table(project, feature_set_of(project, key), at, population=population)
