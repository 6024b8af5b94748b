"""Jobs: work that takes longer than a request should. It is begun, tells how far it is, and may be stopped."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Literal, TypeAlias, TypeVar

from msgspec import Struct, structs

from coterie.clock import Clock
from coterie.engine.learning.telling import Stopped, Told
from coterie.engine.told import told as plainly
from coterie.errors import Conflict, CoterieError, NotFound
from coterie.web.errors import ErrorTold, document

_log = logging.getLogger("coterie.web")
KEPT = 200
"""Jobs that are remembered; the oldest that are over are forgotten first, and all of them when the server stops."""

State: TypeAlias = Literal["waiting", "running", "done", "failed", "stopped"]
T = TypeVar("T")
Work: TypeAlias = Callable[[Told], Awaitable[T]]
"""Work that tells of itself; what it awaits is the answer."""


class Job(Struct, frozen=True, kw_only=True):
    """What was begun: what it does now and which ``share`` of it is done, at the end its ``result`` or ``error``."""

    id: str
    action: str
    subject: str
    begun_by: str
    begun_at: int
    state: State = "waiting"
    doing: str = ""
    share: float = 0.0
    ended_at: int | None = None
    result: Any = None
    error: ErrorTold | None = None

    @property
    def is_over(self) -> bool:
        return self.state in ("done", "failed", "stopped")


class Jobs:
    """The jobs of a server, in memory. Used on the event loop; work tells of itself from any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._jobs: dict[str, Job] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._lasting: set[str] = set()
        self._stopping: set[str] = set()

    def begin(self, action: str, subject: str, by: str, work: Work[Any], *, may_stop: bool = True) -> Job:
        """Return the job that does ``work`` from now on. Work that ``may_stop`` does so where it tells of itself."""
        job = Job(id=secrets.token_hex(8), action=action, subject=subject, begun_by=by, begun_at=self._clock.now())
        self._jobs[job.id] = job
        if not may_stop:
            self._lasting.add(job.id)
        self._tasks[job.id] = asyncio.get_running_loop().create_task(self._follow(job.id, work))
        self._forget()
        return job

    def get(self, job_id: str) -> Job:
        """Return a job as it is now. Raises: NotFound."""
        if job_id not in self._jobs:
            raise NotFound(
                f"no job {job_id[:100]!r}", hint="see them: GET /v1/jobs; a server that starts anew has forgotten them"
            )
        return self._jobs[job_id]

    def all(self) -> tuple[Job, ...]:
        """Return the jobs, the newest first."""
        return tuple(reversed(self._jobs.values()))

    def stop(self, job_id: str) -> Job:
        """Return the job, which ends at the next thing that it does. Raises: NotFound, Conflict when it must not be left half done."""
        job = self.get(job_id)
        if not job.is_over:
            if job_id in self._lasting and job.state == "running":
                raise Conflict("this is not left half done", hint=f"wait for it: GET /v1/jobs/{job_id}")
            self._stopping.add(job_id)
            if job.state == "waiting":
                self._tasks[job_id].cancel()
                self._end(job_id, "stopped")
        return self._jobs[job_id]

    async def _follow(self, job_id: str, work: Work[Any]) -> None:
        def tell(doing: str, share: float) -> None:
            job = self._jobs[job_id]
            if job.is_over or job_id in self._stopping:
                raise Stopped("it was stopped before it was done")
            self._jobs[job_id] = structs.replace(job, state="running", doing=doing, share=round(share, 3))

        try:
            self._end(job_id, "done", result=plainly(await work(tell)))
        except (Stopped, asyncio.CancelledError):
            self._end(job_id, "stopped")
        except CoterieError as error:
            self._end(job_id, "failed", error=document(error).error)
        except Exception:  # noqa: BLE001  it is told and logged; nobody awaits a job
            _log.exception("a job failed")
            told = CoterieError("something failed here; it was logged", hint=f"say the job: {job_id}")
            self._end(job_id, "failed", error=document(told).error)

    def _end(self, job_id: str, state: State, result: Any = None, error: ErrorTold | None = None) -> None:
        job = self._jobs[job_id]
        share = 1.0 if state == "done" else job.share
        self._jobs[job_id] = structs.replace(
            job, state=state, share=share, doing="", ended_at=self._clock.now(), result=result, error=error
        )
        self._tasks.pop(job_id, None)
        self._lasting.discard(job_id)
        self._stopping.discard(job_id)

    def _forget(self) -> None:
        over = [one.id for one in self._jobs.values() if one.is_over]
        for job_id in over[: max(0, len(self._jobs) - KEPT)]:
            del self._jobs[job_id]
