"""Detectors of a change in a stream of numbers, such as a rate of entries per hour, as the numbers come."""

from __future__ import annotations

from typing import Any, Literal, Protocol, TypeAlias

from msgspec import Struct

from coterie.errors import Problem

Kind: TypeAlias = Literal["adwin", "page_hinkley"]


class Sensitivity(Struct, frozen=True, kw_only=True):
    """What the detectors are set to; the defaults are those of their authors and of River.

    Sources: ADWIN: Bifet & Gavaldà 2007, SIAM SDM. Page–Hinkley: Page 1954, Biometrika 41.
    """

    delta: float = 0.002
    """ADWIN's confidence: smaller gives fewer false alarms."""
    warm_up: int = 30
    """Numbers after which Page–Hinkley begins to judge."""
    slack: float = 0.005
    """Difference, in the numbers' units, that Page–Hinkley tolerates."""
    threshold: float = 50.0
    """Sum of differences at which Page–Hinkley alarms, in the numbers' units."""


class Alarm(Struct, frozen=True, kw_only=True):
    """The stream changed about at ``at``: it was ``before`` and is ``now``, as the detector estimates it (ADWIN only)."""

    detector: Kind
    at: int
    number: int
    """Which number of the stream it was, from 1."""
    before: float | None = None
    now: float | None = None


class Detector(Protocol):
    """Something that is fed numbers in the order of time."""

    def update(self, value: float, at: int) -> Alarm | None:
        """Return an alarm if the stream changed with this number."""
        ...


class StreamDetector:
    """One of the detectors over one stream. Cost: a few µs per number; memory grows with the logarithm of their number."""

    def __init__(self, kind: Kind, sensitivity: Sensitivity | None = None) -> None:
        told = sensitivity or Sensitivity()
        self.kind: Kind = kind
        self._seen = 0
        self._inner = _made(kind, told)

    def update(self, value: float, at: int) -> Alarm | None:
        self._seen += 1
        before = self._mean()
        self._inner.update(value)
        if not self._inner.drift_detected:
            return None
        return Alarm(detector=self.kind, at=at, number=self._seen, before=before, now=self._mean())

    def _mean(self) -> float | None:
        return float(self._inner.estimation) if self.kind == "adwin" and self._seen > 1 else None


def _made(kind: Kind, told: Sensitivity) -> Any:
    from river import drift

    if kind == "adwin":
        return drift.ADWIN(delta=told.delta)
    if kind == "page_hinkley":
        return drift.PageHinkley(min_instances=told.warm_up, delta=told.slack, threshold=told.threshold)
    raise Problem("unknown detector", where="detector", received=kind, allowed="adwin | page_hinkley")
