"""Models: what was learned, who signed it; fitted, put into force and taken out of it; keys of others that are trusted."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import Depends, Query, Request
from msgspec import Struct
from starlette.responses import Response

from coterie.engine.learning import served
from coterie.engine.learning.models import models_of
from coterie.engine.learning.overview import ModelTold, VersionTold, history_of, models_told, version_told
from coterie.engine.learning.served import InForce
from coterie.engine.learning.telling import Told
from coterie.errors import Problem
from coterie.learned.record import Record
from coterie.storage.model_signers import TrustedKey
from coterie.web.api.jobs import Background, done_or_begun
from coterie.web.api.pages import Done, Rows, sliced
from coterie.web.api.routes import At, By, Cursor, Here, Limit, Routes, Word, instant, taken

routes = Routes("models")


class Trusted(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A public key whose models are to be taken, and whose it is."""

    key: str
    name: str


class Signers(Struct, frozen=True, kw_only=True):
    """Whose models are taken: this project's own key, and those of others."""

    own: str
    trusted: tuple[TrustedKey, ...]


Version = Annotated[int | None, Query(ge=1, description="A version; the published one when left out, else the newest.")]
Newest = Annotated[int | None, Query(ge=1, description="A version; the newest when left out.")]


@routes.get("/models", Rows[ModelTold])
async def list_models(desk: Here, cursor: Cursor = None, limit: Limit = 100) -> Rows[ModelTold]:
    """Return every model that is written or fitted, by kind and key."""
    found = await desk.ask(models_told, desk.project, desk.now(), landed=False)
    return sliced(found, cursor, limit)


@routes.get("/models/keys", Signers)
async def read_signers(desk: Here) -> Signers:
    """Return the public key that this project's models are signed with, and the keys of others that are trusted."""
    signers = models_of(desk.project).signers
    return Signers(own=signers.own(), trusted=tuple(signers.all()))


@routes.post("/models/keys", TrustedKey, body=Trusted)
async def trust_key(desk: Here, by: By, body: Annotated[Trusted, Depends(taken(Trusted))]) -> TrustedKey:
    """Trust the public key of another project, so that its models can be added."""
    found = await desk.ask(models_of(desk.project).signers.trust, body.key, body.name, desk.now(), landed=False)
    await desk.record(by, "model.trust", f"key:{body.key}", None, {"name": body.name})
    return found


@routes.delete("/models/keys/{key}", Done)
async def distrust_key(desk: Here, by: By, key: Word) -> Done:
    """Trust a key no more; its models are refused from now on, also those that are here."""
    await desk.ask(models_of(desk.project).signers.distrust, key, landed=False)
    await desk.record(by, "model.distrust", f"key:{key}", None, None)
    return Done()


@routes.post("/models/files", VersionTold, body=dict[str, Any])
async def add_model(desk: Here, by: By, request: Request) -> VersionTold:
    """Take the signed file of a model from another project: the body. Its signature has to hold, by a key that is trusted."""
    data, now = await request.body(), desk.now()
    one = await desk.ask(models_of(desk.project).add, data, "body", now, by.key_name, landed=False)
    await desk.record(by, "model.add", f"{one.kind}:{one.key}", None, {"version": one.version})
    return await desk.ask(version_told, desk.project, one.kind, one.key, one.version, landed=False)


@routes.get("/models/{kind}/{key}", VersionTold)
async def read_model(desk: Here, kind: Word, key: Word, version: Version = None) -> VersionTold:
    """Return a version of a model: its data, definition, quality, warnings and signature; not its parameters."""
    return await desk.ask(version_told, desk.project, kind, key, version, landed=False)


@routes.get("/models/{kind}/{key}/history", Rows[Record])
async def list_model_history(
    desk: Here, kind: Word, key: Word, cursor: Cursor = None, limit: Limit = 100
) -> Rows[Record]:
    """Return what was done with a model, the newest first."""
    return sliced(await desk.ask(history_of, desk.project, kind, key, landed=False), cursor, limit)


@routes.get("/models/{kind}/{key}/file", dict[str, Any])
async def read_model_file(desk: Here, kind: Word, key: Word, version: Version = None) -> Response:
    """Return the signed file of a version, to be added to another project. It names no customer."""
    one = await desk.ask(version_told, desk.project, kind, key, version, landed=False)
    data = await desk.ask(models_of(desk.project).file, kind, key, one.version, landed=False)
    return Response(data, media_type="application/json")


@routes.post("/models/{kind}/{key}/fit", VersionTold, begins=True)
async def fit_model(
    desk: Here, by: By, kind: Word, key: Word, at: At = None, background: Background = False
) -> VersionTold | Response:
    """Fit the model `models/<key>.yaml` as of an instant and keep it as the next version."""
    moment = instant(at, desk)

    async def fit(told: Told) -> VersionTold:
        number = await desk.learn(served.fit, desk.project, kind, key, moment, by.key_name, told=desk.heard(told))
        await desk.record(by, "model.fit", f"{kind}:{key}", None, {"version": number})
        return await desk.ask(version_told, desk.project, kind, key, number, landed=False)

    return await done_or_begun(desk, by, "model.fit", f"{kind}:{key}", fit, background)


@routes.post("/models/{kind}/{key}/publish", InForce, begins=True)
async def publish_model(
    desk: Here, by: By, kind: Word, key: Word, version: Newest = None, background: Background = False
) -> InForce | Response:
    """Put a version into force: everybody gets its traits. Again, to bring them up to date."""
    switch = desk.switching

    async def publish(told: Told) -> InForce:
        done = await desk.learn(served.publish, desk.runner, switch, kind, key, version, by.key_name, told)
        await desk.record(by, "model.publish", f"{kind}:{key}", None, msgspec.to_builtins(done))
        return done

    return await done_or_begun(desk, by, "model.publish", f"{kind}:{key}", publish, background, may_stop=False)


@routes.post("/models/{kind}/{key}/withdraw", InForce)
async def withdraw_model(desk: Here, by: By, kind: Word, key: Word) -> InForce:
    """Take a model out of force: nobody has its traits any more."""
    done = await desk.learn(served.withdraw, desk.runner, desk.switching, kind, key, by.key_name)
    await desk.record(by, "model.withdraw", f"{kind}:{key}", None, msgspec.to_builtins(done))
    return done


@routes.delete("/models/{kind}/{key}/versions/{number}", Done)
async def remove_model_version(desk: Here, by: By, kind: Word, key: Word, number: int) -> Done:
    """Remove a version that is not published, and who was where in it."""
    if number < 1:
        raise Problem("not a version", received=number, allowed="1 and up")
    await desk.ask(models_of(desk.project).remove, kind, key, number, desk.now(), by.key_name, landed=False)
    await desk.record(by, "model.remove", f"{kind}:{key}", {"version": number}, None)
    return Done()
