"""Drift beside a server: models are looked at on the schedule of their own files, rates by the hour, never on the path of an event."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from msgspec import Struct, structs

from coterie.clock import Clock
from coterie.engine.learning.drift.alerts import letters
from coterie.engine.learning.drift.keeping import book_of, keep_recalibrated
from coterie.engine.learning.drift.rates import SegmentAlarm, segment_alarms
from coterie.engine.learning.drift.recalibration import Recalibrated, policy_of, recalibrate
from coterie.engine.learning.models import models_of
from coterie.engine.learning.publishing import publish_served
from coterie.engine.learning.telling import Stopped
from coterie.engine.project import Project
from coterie.engine.running.runner import Runner
from coterie.errors import CoterieError
from coterie.learned.artefact import Artefact
from coterie.limits import DAY_US, HOUR_US
from coterie.segments.durations import us_of
from coterie.storage.duck import FAULTS
from coterie.storage.state.outbox import Outbox

_log = logging.getLogger("coterie.drift")
LOOK_S = 30.0
"""How often it is looked whether something is due."""
RATE_DAYS = 28
"""Rates are watched over so many days; the first two weeks are what is compared with."""
FRESH_US = DAY_US
"""An alarm that is older when it is first seen is told to nobody."""


class DriftHealth(Struct, frozen=True, kw_only=True):
    """How the watch is doing. ``models``: stale ones; ``alarms``: rates that changed within the last day."""

    running: bool = False
    last_at: int = 0
    looks: int = 0
    error: str = ""
    stale: tuple[str, ...] = ()
    alarms: tuple[SegmentAlarm, ...] = ()


class DriftWatch:
    """One thread. ``wake`` is called when messages are in the outbox. Without the extra ``learning`` nothing is looked at, and that is said."""

    def __init__(self, project: Project, runner: Runner, switch: Any, clock: Clock, wake: Callable[[], None]) -> None:
        self._project, self._runner, self._switch, self._clock, self._wake = project, runner, switch, clock, wake
        self._alone = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="coterie-drift", daemon=True)
        self._failed: dict[str, int] = {}
        self._rated_at = 0
        self._told: set[tuple[str, str, str, int]] = set()
        self._health = DriftHealth()

    def start(self) -> None:
        """What is due is looked at, every half minute."""
        self._thread.start()

    def stop(self) -> None:
        """Nothing is looked at any more."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(60.0)

    def health(self) -> DriftHealth:
        """Return how the last looks went. Cost: no I/O."""
        return self._health

    def _follow(self) -> None:
        while not self._stop.wait(LOOK_S):
            try:
                self.run_due()
            except ModuleNotFoundError as error:
                self._tell(error=f"drift is not watched: {error}; install the extra learning")
                _log.warning("%s", self._health.error)
                return
            except Exception as error:  # noqa: BLE001  the watch goes on: nobody would notice that a thread ended
                _log.warning(
                    "drift could not be looked at and will be tried again: %s", error, exc_info=_unforeseen(error)
                )
                self._tell(error=f"{type(error).__name__}: {error}")

    # ── models ───────────────────────────────────────────────────────────────────────────────────────────────

    def due(self, now: int) -> list[str]:
        """Return the published clusterings that are to be looked at at ``now``: a window after their fit at the earliest. One whose
        signature does not hold is none of them, and that is said."""
        store, found = models_of(self._project), []
        for kind, key in store.models():
            try:
                artefact = store.published(kind, key) if kind == "clusters" else None
                if artefact is not None and self._due_at(artefact) <= now:
                    found.append(key)
            except CoterieError as error:
                self._tell(error=f"{key}: {error}")
        return found

    def _due_at(self, artefact: Artefact) -> int:
        policy = policy_of(self._project, artefact).recalibrate
        looks = [one.at for one in book_of(self._project, artefact.key).looks() if one.version == artefact.version]
        last = max([*looks, self._failed.get(artefact.key, 0)])
        first = artefact.as_of + us_of(policy.window)
        return max(first, last + us_of(policy.every)) if last else first

    def run_due(self) -> list[Recalibrated]:
        """Return what came of everything that was due; models that failed are tried again after their period."""
        with self._alone:
            now = max(self._clock.now(), self._runner.status().advanced_to)
            keys, found = self.due(now), []
            hourly = now // HOUR_US > self._rated_at // HOUR_US
            if not keys and not hourly:
                return []
            self._tell(running=True)
            try:
                self._runner.land()
                for key in keys:
                    if not self._stop.is_set():
                        found += self._looked(key, now)
                alarms = self._rates(now) if hourly else []
                self._post(found, alarms, now)
                stale = {one for one in self._health.stale if one not in keys}
                stale |= {one.model for one in found if one.is_stale and one.decision != "promoted"}
                self._tell(last_at=now, looks=self._health.looks + len(found), stale=tuple(sorted(stale)))
            finally:
                self._tell(running=False)
            return found

    def alone(self) -> AbstractContextManager[object]:
        """Return a context in which the watch looks at nothing and fits nothing; a look under way is waited for."""
        return self._alone

    def look(self, key: str, *, force: bool = False, by: str = "") -> Recalibrated:
        """Return what came of a look at one model now, whether it was due or not. Raises: NotFound, Problem."""
        with self._alone:
            self._runner.land()
            now = max(self._clock.now(), self._runner.status().advanced_to)
            return self._recalibrated(key, now, force=force, by=by)

    def _looked(self, key: str, now: int) -> list[Recalibrated]:
        try:
            return [self._recalibrated(key, now)]
        except ModuleNotFoundError:
            raise
        except Stopped:
            return []
        except Exception as error:  # noqa: BLE001  a model that fails keeps no other from being looked at, and waits its period
            _log.warning("the drift of %s could not be looked at: %s", key, error, exc_info=_unforeseen(error))
            self._failed[key] = now
            self._tell(error=f"{key}: {type(error).__name__}: {error}")
            return []

    def _recalibrated(self, key: str, now: int, *, force: bool = False, by: str = "rule") -> Recalibrated:
        def publish(version: int) -> None:
            publish_served(self._runner, self._switch, key, version, by=by)

        def told(doing: str, share: float) -> None:
            if self._stop.is_set():
                raise Stopped("the server stops")

        found = recalibrate(self._project, key, now, publish=publish, by=by, force=force, told=told)
        keep_recalibrated(self._project, found)
        self._tell(error="")
        return found

    # ── rates ────────────────────────────────────────────────────────────────────────────────────────────────

    def _rates(self, now: int) -> list[SegmentAlarm]:
        """Return the alarms of the last day that nobody was told of."""
        self._rated_at = now
        found = segment_alarms(self._project, now - RATE_DAYS * DAY_US, now)
        recent = [one for one in found if one.alarm.at > now - FRESH_US]
        self._tell(alarms=tuple(recent))
        fresh = [one for one in recent if _name(one) not in self._told]
        self._told = {_name(one) for one in recent}
        return fresh

    def _post(self, found: list[Recalibrated], alarms: list[SegmentAlarm], now: int) -> None:
        models = {one.model: policy_of(self._project, self._artefact(one)) for one in found}
        asked = [one for one in found if models[one.model].recalibrate.alert]
        owners = {key: model.owner or self._project.settings.quality.owner for key, model in models.items()}
        made = letters(self._project, asked, alarms, owners, now)
        if made:
            with self._runner.database.transaction(aside=True) as connection:
                Outbox(connection).add(made)
            self._wake()

    def _artefact(self, one: Recalibrated) -> Artefact:
        return models_of(self._project).load("clusters", one.model, one.version)

    def _tell(self, **changed: object) -> None:
        self._health = structs.replace(self._health, **changed)


def _unforeseen(error: Exception) -> bool:
    """Return whether the log is to tell where the failure came from: it is none that anybody foresaw."""
    return not isinstance(error, (CoterieError, OSError, *FAULTS))


def _name(one: SegmentAlarm) -> tuple[str, str, str, int]:
    return one.segment, one.direction, one.alarm.detector, one.alarm.at
