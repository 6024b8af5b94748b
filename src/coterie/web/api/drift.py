"""Drift: looks at how models age, refits beside them, and the decisions about those."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Path, Query
from msgspec import Struct
from starlette.responses import Response

from coterie.engine.learning.drift import recalibration
from coterie.engine.learning.drift.keeping import book_of, keep, keep_recalibrated
from coterie.engine.learning.drift.report import look
from coterie.engine.learning.pages import REPORTS
from coterie.engine.learning.publishing import publish_served
from coterie.engine.learning.telling import Told, plain
from coterie.storage.drift_book import Look
from coterie.web.api.clusters import UNFRAMED
from coterie.web.api.jobs import Background, done_or_begun
from coterie.web.api.pages import Rows, sliced
from coterie.web.api.routes import At, By, Cursor, Here, Limit, Routes, Word, instant

routes = Routes("drift")


class DriftDecided(Struct, frozen=True, kw_only=True):
    """What became of a refit that waited: the version that is in force now."""

    model: str
    published: int
    promoted: bool


@routes.get("/drift/{key}", Rows[Look])
async def list_looks(desk: Here, key: Word, cursor: Cursor = None, limit: Limit = 100) -> Rows[Look]:
    """Return the looks at the drift of a clustering, the newest first, and what was decided."""
    await desk.ask(recalibration.published_or_newest, desk.project, key, landed=False)
    looks = await desk.ask(lambda: tuple(reversed(book_of(desk.project, key).looks())), landed=False)
    return sliced(looks, cursor, limit)


@routes.get("/drift/{key}/page", str, media="text/html")
async def read_drift_page(desk: Here, key: Word, at: At = None) -> Response:
    """Return the drift of a clustering as one page of HTML with pictures that needs nothing else. The look is not kept."""
    artefact = await desk.ask(recalibration.published_or_newest, desk.project, key, landed=False)
    found = await desk.learn(look, desk.project, artefact, instant(at, desk))
    text = await desk.ask(lambda: REPORTS["drift"](desk.project, found).html(), landed=False)
    return Response(text, media_type="text/html", headers=UNFRAMED)


@routes.post("/drift/{key}/looks", dict[str, Any], begins=True)
async def look_at_drift(
    desk: Here, by: By, key: Word, at: At = None, background: Background = False
) -> dict[str, Any] | Response:
    """Look now: sizes, features, migration, validity and outcomes against the fit. The look is kept; nothing else changes."""
    artefact, moment = (
        await desk.ask(recalibration.published_or_newest, desk.project, key, landed=False),
        instant(at, desk),
    )

    async def looked(told: Told) -> Any:
        found = await desk.learn(look, desk.project, artefact, moment, told=desk.heard(told))
        await desk.ask(keep, desk.project, found, landed=False)
        await desk.record(by, "drift.look", f"clusters:{key}", None, {"is_stale": found.judgement.is_stale})
        return plain(found)

    return await done_or_begun(desk, by, "drift.look", f"clusters:{key}", looked, background)


@routes.post("/drift/{key}/recalibrations", dict[str, Any], begins=True)
async def recalibrate_model(
    desk: Here, by: By, key: Word, at: At = None,
    force: Annotated[bool, Query(description="Fit and compare also when the model is not stale.")] = False,
    background: Background = False,
) -> dict[str, Any] | Response:  # fmt: skip
    """Look at the drift and do what the model's policy says: tell, fit anew and wait for a person, or promote the better one."""
    switch, moment = desk.switching, instant(at, desk)

    async def recalibrate(told: Told) -> Any:
        found = await desk.learn(
            recalibration.recalibrate, desk.project, key, moment, by=by.key_name, force=force, told=desk.heard(told),
            publish=lambda version: publish_served(desk.runner, switch, key, version, by="rule"),
        )  # fmt: skip
        await desk.ask(keep_recalibrated, desk.project, found, landed=False)
        await desk.record(by, "drift.recalibrate", f"clusters:{key}", None, {"decision": found.decision})
        return plain(found)

    return await done_or_begun(desk, by, "drift.recalibrate", f"clusters:{key}", recalibrate, background)


@routes.post("/drift/{key}/versions/{number}/{decision}", DriftDecided)
async def decide_about_refit(
    desk: Here, by: By, key: Word, number: int,
    decision: Annotated[Literal["promote", "keep"], Path(description="Publish the refit, or leave the old one in force.")],
) -> DriftDecided:  # fmt: skip
    """Decide about a refit that waits: `promote` publishes it, `keep` leaves the published version in force."""
    switch = desk.switching
    version = await desk.learn(
        recalibration.decide, desk.project, key, number, promote=decision == "promote", by=by.key_name,
        at=desk.now(), publish=lambda one: publish_served(desk.runner, switch, key, one, by=by.key_name),
    )  # fmt: skip
    await desk.record(by, f"drift.{decision}", f"clusters:{key}", None, {"version": number})
    return DriftDecided(model=key, published=version, promoted=decision == "promote")
