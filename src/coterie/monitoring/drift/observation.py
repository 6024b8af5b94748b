"""One look at the people against the reference: everything that drift asks, from two tables of features and who is where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct

from coterie.errors import Problem
from coterie.features.table import FeatureTable, Floats, Texts
from coterie.model import Undetermined
from coterie.monitoring.drift.features import EVERYONE, feature_drift
from coterie.monitoring.drift.judgement import Tolerance, Window
from coterie.monitoring.drift.migration import ABSENT, Migration, migration
from coterie.monitoring.drift.outcomes import OutcomeDrift, mean_drift, rate_drift, retention_drift
from coterie.monitoring.drift.sizes import size_drift
from coterie.monitoring.drift.validity import UNMEASURED, Fitted, validity


class Scene(Struct, frozen=True, kw_only=True):
    """The people at an instant: their features, the segment of each (n,; ``None``: none), and what came of them.

    ``rates``: outcomes that happened to somebody or not, 1.0 or 0.0; ``values``: outcomes in numbers; each (n,) float64, NaN is
    unknown. ``distances`` (n,) to the own centre, where the segments are clusters.
    """

    table: FeatureTable
    segments: Texts
    distances: Floats | None = None
    rates: dict[str, Floats] = {}
    values: dict[str, Floats] = {}

    def __post_init__(self) -> None:
        columns = {"segments": self.segments, **self.rates, **self.values}
        if self.distances is not None:
            columns["distances"] = self.distances
        for name, column in columns.items():
            if len(column) != len(self.table):
                raise Problem(
                    "as many as there are people", where=name, received=len(column), allowed=str(len(self.table))
                )

    @property
    def at(self) -> int:
        return self.table.at

    def places(self) -> dict[str, str]:
        """Return profile → segment of everybody who is in one."""
        pairs = zip(self.table.profiles.tolist(), self.segments.tolist(), strict=True)
        return {profile: segment for profile, segment in pairs if segment is not None}

    def sizes(self) -> dict[str, int]:
        """Return how many people each segment has."""
        return dict(Counter(self.places().values()))


class Model(Struct, frozen=True, kw_only=True):
    """What validity needs to know of the clustering that made the segments."""

    fitted: Fitted
    agreement: float | Undetermined
    """Adjusted Rand index of its assignment of the people of now and that of a fresh fit on them."""
    noise_floor: float | Undetermined = UNMEASURED


def observe(
    reference: Scene,
    now: Scene,
    *,
    before: Scene | None = None,
    afterwards: tuple[Scene, Scene] | None = None,
    usual: Sequence[Migration] = (),
    model: Model | None = None,
    tolerance: Tolerance | None = None,
    tests: bool = False,
) -> Window:
    """Return what drift there is now. ``before`` is the people a window ago, for migration; ``usual`` are earlier migrations over
    windows of the same length, whose retention the present one is compared with. ``afterwards``: other scenes (of the reference, of now)
    to take outcomes from, such as people by where they were when the window began.

    Cost: two sorts per feature and segment, and one look at every person.
    """
    bounds = tolerance or Tolerance()
    moves = None if before is None else migration(before.places(), now.places())
    told = None
    if model is not None and now.distances is not None:
        told = validity(model.fitted, now.distances, model.agreement, model.noise_floor)
    return Window(
        at=now.at,
        reference_at=reference.at,
        sizes=size_drift(reference.sizes(), now.sizes(), bounds.psi),
        features=tuple(
            feature_drift(reference.table, now.table, (reference.segments.tolist(), now.segments.tolist()), tests=tests)
        ),
        migration=moves,
        retention=() if moves is None else tuple(_retention(usual, moves)),
        validity=told,
        outcomes=tuple(_outcomes(*(afterwards or (reference, now)))),
    )


def kept_of(moves: Migration) -> dict[str, tuple[int, int]]:
    """Return per segment (people who are in it still, people who were in it and are somewhere)."""
    found: dict[str, tuple[int, int]] = {}
    for i, key in enumerate(moves.before):
        if key != ABSENT:
            there = {name: n for name, n in zip(moves.after, moves.counts[i], strict=True) if name != ABSENT}
            found[key] = there.get(key, 0), sum(there.values())
    return found


def _retention(usual: Sequence[Migration], now: Migration) -> list[OutcomeDrift]:
    pooled: dict[str, tuple[int, int]] = {}
    for moves in usual:
        for key, (kept, were) in kept_of(moves).items():
            known = pooled.get(key, (0, 0))
            pooled[key] = known[0] + kept, known[1] + were
    present = kept_of(now)
    return [retention_drift(key, pooled[key], present[key]) for key in sorted(pooled.keys() & present.keys())]


def _outcomes(reference: Scene, now: Scene) -> list[OutcomeDrift]:
    found: list[OutcomeDrift] = []
    keys = sorted(reference.sizes().keys() | now.sizes().keys())
    for segment in (EVERYONE, *keys):
        rows = [_of(scene, segment) for scene in (reference, now)]
        for name in _shared(reference.rates, now.rates):
            counts = [_counted(side.rates[name][where]) for side, where in zip((reference, now), rows, strict=True)]
            found.append(rate_drift(segment, name, counts[0], counts[1]))
        for name in _shared(reference.values, now.values):
            numbers = [_known(side.values[name][where]) for side, where in zip((reference, now), rows, strict=True)]
            found.append(mean_drift(segment, name, numbers[0], numbers[1]))
    return found


def _of(scene: Scene, segment: str) -> Floats:
    return np.ones(len(scene.table), bool) if segment == EVERYONE else np.asarray(scene.segments == segment, bool)


def _shared(one: Mapping[str, Floats], other: Mapping[str, Floats]) -> list[str]:
    return sorted(one.keys() & other.keys())


def _known(values: Floats) -> Floats:
    known: Floats = values[np.isfinite(values)]
    return known


def _counted(values: Floats) -> tuple[int, int]:
    known = _known(values)
    return int(known.sum()), len(known)
