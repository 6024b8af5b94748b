"""Jobs: what was begun in the background, how far it is, what came of it."""

from __future__ import annotations

from typing import Annotated, TypeVar

from fastapi import Query
from starlette.responses import Response

from coterie.engine.learning.telling import quiet
from coterie.web.access import Actor
from coterie.web.api.desk import Desk
from coterie.web.api.pages import Rows, sliced
from coterie.web.api.routes import By, Cursor, Here, Limit, Routes, Word, answer
from coterie.web.jobs import Job, Work

T = TypeVar("T")
routes = Routes("jobs")
Background = Annotated[
    bool, Query(description="Answer at once, with 202 and a job that tells how far it is; else when it is done.")
]


async def done_or_begun(
    desk: Desk, by: Actor, action: str, subject: str, work: Work[T], background: bool, *, may_stop: bool = True
) -> T | Response:
    """Return what ``work`` answers, or a job that does it from now on. Raises: Overloaded when too much waits already."""
    if not background:
        return await work(quiet)
    desk.make_room()
    job = desk.jobs.begin(action, subject, by.key_name, work, may_stop=may_stop)
    return answer(job, 202, {"location": f"/v1/jobs/{job.id}"})


@routes.get("/jobs", Rows[Job], scope="admin")
async def list_jobs(desk: Here, cursor: Cursor = None, limit: Limit = 100) -> Rows[Job]:
    """Return the jobs since the server started, the newest first; the oldest that are over are forgotten."""
    return sliced(desk.jobs.all(), cursor, limit)


@routes.get("/jobs/{job_id}", Job, scope="admin")
async def read_job(desk: Here, job_id: Word) -> Job:
    """Return a job: `waiting`, `running` (with what it does and which share is done), `done` (with its result), `failed` (with the error) or `stopped`."""
    return desk.jobs.get(job_id)


@routes.delete("/jobs/{job_id}", Job)
async def stop_job(desk: Here, by: By, job_id: Word) -> Job:
    """Stop a job: one that waits at once, one at work at the next thing that it does. A publication at work is not stopped."""
    job = desk.jobs.stop(job_id)
    await desk.record(by, "job.stop", f"job:{job.action}:{job.subject}", None, {"state": job.state})
    return job
