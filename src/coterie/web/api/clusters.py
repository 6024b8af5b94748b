"""Clusters: what each is, every criterion for every number of them, versions side by side, rules as segments."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query
from starlette.responses import Response

from coterie.engine.learning import clustering
from coterie.engine.learning.artefacts import choice_told
from coterie.engine.learning.comparing import compare
from coterie.engine.learning.explaining import ClustersTold, SavedRule, explained, save_rule
from coterie.engine.learning.models import definition
from coterie.engine.learning.pages import REPORTS
from coterie.engine.learning.telling import Told, plain
from coterie.engine.project import Project
from coterie.learned.definition import ClustersModel
from coterie.web.api.jobs import Background, done_or_begun
from coterie.web.api.models import Newest, Version
from coterie.web.api.routes import At, By, Here, Routes, Word, instant

routes = Routes("clusters")
UNFRAMED = {"content-security-policy": "frame-ancestors 'none'"}
"""Pages with pictures say the rest of their policy themselves: it names their scripts by their hashes."""
Old = Annotated[int | None, Query(ge=1, description="A version; the published one when left out, else the one before the newest.")]  # fmt: skip


@routes.get("/clusters/{key}", ClustersTold)
async def read_clusters(
    desk: Here, key: Word, version: Version = None,
    members: Annotated[bool, Query(description="Name typical and border members too.")] = False,
) -> ClustersTold:  # fmt: skip
    """Return each cluster of a version: its key for ever, size, share of revenue, what is different, its short rule."""
    return await desk.ask(explained, desk.project, key, version, members=members, landed=False)


@routes.post("/clusters/{key}/choice", dict[str, Any], begins=True)
async def choose_clusters(
    desk: Here, by: By, key: Word, at: At = None, background: Background = False
) -> dict[str, Any] | Response:
    """Return every criterion for every number of clusters, whether there is structure at all, and what to take. Keeps nothing."""
    moment = instant(at, desk)

    async def choose(told: Told) -> dict[str, Any]:
        return await desk.learn(_chosen, desk.project, key, moment, desk.heard(told))

    return await done_or_begun(desk, by, "cluster.choice", f"clusters:{key}", choose, background)


@routes.get("/clusters/{key}/page", str, media="text/html")
async def read_clusters_page(desk: Here, key: Word, version: Version = None) -> Response:
    """Return what each cluster of a version is, with pictures, as one page of HTML that needs nothing else."""
    told = await desk.ask(explained, desk.project, key, version, landed=False)
    text = await desk.learn(lambda: REPORTS["explain"](desk.project, key, told.version).html())
    return Response(text, media_type="text/html", headers=UNFRAMED)


@routes.get("/clusters/{key}/comparison", dict[str, Any])
async def compare_clusters(desk: Here, key: Word, old: Old = None, new: Newest = None, at: At = None) -> dict[str, Any]:
    """Return two versions side by side on the same people: who moves, which clusters go on, split, merge, are new or gone."""
    found: dict[str, Any] = plain(await desk.learn(compare, desk.project, key, old, new, instant(at, desk)))
    return found


@routes.post("/clusters/{key}/clusters/{cluster}/segment", SavedRule)
async def save_cluster_rule(
    desk: Here, by: By, key: Word, cluster: Word, version: Version = None,
    segment: Annotated[str | None, Query(description="Key of the segment.", max_length=100)] = None,
) -> SavedRule:  # fmt: skip
    """Write the short rule of a cluster as a segment file; it is put into force by applying the folder."""
    told = await desk.ask(explained, desk.project, key, version, landed=False)
    saved = await desk.ask(save_rule, desk.project, told, cluster, segment, landed=False)
    await desk.record(by, "cluster.rule", f"segment:{saved.segment}", None, {"says": saved.says})
    return saved


def _chosen(project: Project, key: str, at: int, told: Told) -> dict[str, Any]:
    model = definition(project, key, "clusters")
    assert isinstance(model, ClustersModel)  # asked for by its kind
    _, choice = clustering.choose(project, model, at, told)
    found: dict[str, Any] = choice_told(choice)
    return found
