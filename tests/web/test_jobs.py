"""Jobs: what is told of work in the background, and what stopping it means."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from coterie.clock import ManualClock
from coterie.engine.learning.telling import Told
from coterie.errors import Conflict, NotFound, Problem
from coterie.web.jobs import KEPT, Job, Jobs


async def over(jobs: Jobs, job: Job) -> Job:
    while not jobs.get(job.id).is_over:
        await asyncio.sleep(0.001)
    return jobs.get(job.id)


class Gate:
    """Work that begins and ends when it is let, on a thread of its own."""

    def __init__(self) -> None:
        self.begins, self.goes_on = threading.Event(), threading.Event()

    async def __call__(self, told: Told) -> dict[str, int]:
        return await asyncio.to_thread(self._work, told)

    def _work(self, told: Told) -> dict[str, int]:
        self.begins.wait(10)
        told("reading", 0.25)
        self.goes_on.wait(10)
        told("writing", 0.75)
        return {"at": 0}


async def running(jobs: Jobs, gate: Gate, **named: Any) -> Job:
    job = jobs.begin("model.fit", "clusters:buyers", "ada", gate, **named)
    gate.begins.set()
    while jobs.get(job.id).state != "running":
        await asyncio.sleep(0.001)
    return jobs.get(job.id)


def test_a_job_tells_what_it_does_and_what_came_of_it() -> None:
    async def story() -> None:
        jobs, gate = Jobs(ManualClock(7)), Gate()
        assert jobs.begin("model.fit", "clusters:buyers", "ada", gate).state == "waiting"
        gate.begins.set()
        job = await running(jobs, gate)
        assert (job.doing, job.share, job.begun_at, job.ended_at) == ("reading", 0.25, 7, None)
        gate.goes_on.set()
        job = await over(jobs, job)
        assert (job.state, job.share, job.doing, job.ended_at) == ("done", 1.0, "", 7)
        assert job.result == {"at": "1970-01-01T00:00:00Z"}, "as it would have been answered"

    asyncio.run(story())


def test_a_job_ends_where_it_tells_of_itself_when_it_is_stopped() -> None:
    async def story() -> None:
        jobs, gate = Jobs(ManualClock(0)), Gate()
        job = await running(jobs, gate)
        assert not jobs.stop(job.id).is_over, "it is at work"
        gate.goes_on.set()
        job = await over(jobs, job)
        assert (job.state, job.share, job.result) == ("stopped", 0.25, None)
        assert jobs.stop(job.id) == job, "it is over"

    asyncio.run(story())


def test_a_job_that_waits_is_stopped_at_once_and_never_begins() -> None:
    async def story() -> None:
        jobs, gate, done = Jobs(ManualClock(0)), Gate(), list[str]()

        async def work(told: Told) -> None:
            def work() -> None:
                gate.begins.wait(10)
                told("reading", 0.0)
                done.append("read")

            await asyncio.to_thread(work)

        job = jobs.begin("model.fit", "clusters:buyers", "ada", work)
        await asyncio.sleep(0)
        assert jobs.stop(job.id).state == "stopped"
        gate.begins.set()
        await asyncio.sleep(0.05)
        assert jobs.get(job.id).state == "stopped"
        assert not done, "a thread that began in the meantime ends too"

    asyncio.run(story())


def test_a_publication_is_not_left_half_done() -> None:
    async def story() -> None:
        jobs, gate = Jobs(ManualClock(0)), Gate()
        job = await running(jobs, gate, may_stop=False)
        with pytest.raises(Conflict, match="half done"):
            jobs.stop(job.id)
        gate.goes_on.set()
        assert (await over(jobs, job)).state == "done"

    asyncio.run(story())


def test_a_job_tells_why_it_failed() -> None:
    async def refuse(told: Told) -> None:
        raise Problem("nothing can be learned yet", where="models/buyers.yaml", received="8 people")

    async def fail(told: Told) -> None:
        raise ZeroDivisionError("secret")

    async def story() -> None:
        jobs = Jobs(ManualClock(0))
        refused = await over(jobs, jobs.begin("model.fit", "clusters:buyers", "ada", refuse))
        assert refused.state == "failed"
        assert refused.error is not None
        assert (refused.error.type, refused.error.where, refused.error.received) == ("invalid", "models/buyers.yaml", "8 people")  # fmt: skip
        failed = await over(jobs, jobs.begin("model.fit", "clusters:buyers", "ada", fail))
        assert failed.error is not None
        assert (failed.error.type, "secret" in failed.error.message) == ("internal", False)

    asyncio.run(story())


def test_the_oldest_that_are_over_are_forgotten() -> None:
    async def nothing(told: Told) -> None:
        return None

    async def story() -> None:
        jobs, gate = Jobs(ManualClock(0)), Gate()
        lasting = await running(jobs, gate)
        first = await over(jobs, jobs.begin("a", "b", "ada", nothing))
        for _ in range(KEPT):
            await over(jobs, jobs.begin("a", "b", "ada", nothing))
        assert len(jobs.all()) == KEPT
        assert jobs.get(lasting.id).state == "running"
        with pytest.raises(NotFound, match="no job"):
            jobs.get(first.id)
        gate.goes_on.set()
        await over(jobs, lasting)

    asyncio.run(story())
