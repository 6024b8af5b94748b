"""The drift of one model: each window against the data of its fit, five ways apart, and whether the model is stale."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from coterie.clusters.labels import Floats
from coterie.engine.learning.drift.looking import Looking, Outcomes
from coterie.engine.learning.finding import settings_of
from coterie.engine.learning.telling import Told, quiet
from coterie.engine.project import Project
from coterie.errors import Problem
from coterie.learned.artefact import Artefact
from coterie.learned.policy import Bounds
from coterie.limits import DAY_US
from coterie.model import Undetermined
from coterie.monitoring.drift.judgement import Judgement, Tolerance, Window, judge, remarks_of
from coterie.monitoring.drift.migration import Migration
from coterie.monitoring.drift.observation import Model, Scene, observe
from coterie.monitoring.drift.validity import UNMEASURED, Fitted
from coterie.segments.durations import us_of

PEOPLE_LEAST = 50
"""With fewer people nothing is fitted to compare with."""


class DriftReport(Struct, frozen=True, kw_only=True):
    """A model against what its people were like at its fit. ``windows`` are in the order of time, the last ends ``at``."""

    model: str
    version: int
    as_of: int
    at: int
    window_us: int
    windows: tuple[Window, ...]
    judgement: Judgement
    outcomes: tuple[str, ...] = ()
    """What was asked of people afterwards, by name."""


class Wish(Struct, frozen=True, kw_only=True):
    """What to look at: ``windows`` windows of ``window_us`` that end ``at``; those that begin before the fit are left out."""

    at: int
    window_us: int
    windows: int = 6
    outcomes: Outcomes = Outcomes()
    tests: bool = False


def wish_of(artefact: Artefact, at: int, looking: Looking) -> Wish:
    """Return the wish that the model's own policy makes."""
    policy = looking.model.recalibrate
    conversion = None if policy.conversion is None else looking.selector(policy.conversion)
    outcomes = Outcomes(conversion=conversion, traits=tuple(policy.values or ()))
    return Wish(at=at, window_us=us_of(policy.window), windows=max(policy.bounds.windows, 4), outcomes=outcomes)


def tolerance_of(bounds: Bounds) -> Tolerance:
    """Return the bounds of a model's file as the judgement reads them."""
    return Tolerance(
        windows=bounds.windows, agreement=bounds.agreement, inertia=bounds.inertia,
        far=bounds.far, psi=bounds.psi, features=bounds.features,
    )  # fmt: skip


def report(looking: Looking, wish: Wish, told: Told = quiet) -> DriftReport:
    """Return the drift of a kept clustering. Raises: Problem when no whole window lies after its fit.

    Cost: one scan of the log per window and two more, and one fit per window.
    """
    artefact = looking.artefact
    tolerance = tolerance_of(looking.model.recalibrate.bounds)
    ends = _ends(artefact, wish)
    told("the people of the fit", 0.0)
    reference = looking.scene(artefact.as_of)
    fitted, floor = _fitted(reference), noise_floor(artefact)
    asked = Reference(reference, _afterwards(looking, artefact.as_of, wish))
    windows: list[Window] = []
    usual: list[Migration] = []
    for number, end in enumerate(ends):
        told(f"window {number + 1} of {len(ends)}", (number + 1) / (len(ends) + 1))
        now, before = looking.scene(end), looking.scene(end - wish.window_us)
        agreement = agreement_of(looking, now, artefact.seed)
        model = Model(fitted=fitted, agreement=agreement, noise_floor=floor)
        after = looking.afterwards(before, end, wish.outcomes)
        window = observe(
            asked.people, now, before=before, usual=usual, model=model, tolerance=tolerance, tests=wish.tests,
            afterwards=(asked.afterwards, after),
        )  # fmt: skip
        windows.append(window)
        if window.migration is not None and not any(one.aspect == "migration" for one in remarks_of(window, tolerance)):
            usual.append(window.migration)
    return DriftReport(
        model=artefact.key, version=artefact.version, as_of=artefact.as_of, at=wish.at, window_us=wish.window_us,
        windows=tuple(windows), judgement=judge(windows, tolerance), outcomes=tuple(wish.outcomes.terms(1)),
    )  # fmt: skip


class Reference(Struct, frozen=True):
    """The people of the fit, and what came of those of a window before it by then."""

    people: Scene
    afterwards: Scene


def _ends(artefact: Artefact, wish: Wish) -> list[int]:
    found = [wish.at - place * wish.window_us for place in reversed(range(wish.windows))]
    whole = [end for end in found if end - wish.window_us >= artefact.as_of]
    if not whole:
        raise Problem(
            "no whole window lies between the fit and then", where=artefact.key, received=f"windows of {wish.window_us / DAY_US:g} days",
            hint="look at a later instant, or take a shorter window: --window 7d",
        )  # fmt: skip
    return whole


def _afterwards(looking: Looking, at: int, wish: Wish) -> Scene:
    return looking.afterwards(looking.scene(at - wish.window_us), at, wish.outcomes)


def _fitted(reference: Scene) -> Fitted:
    assert reference.distances is not None
    return Fitted.of(reference.distances)


def noise_floor(artefact: Artefact) -> float | Undetermined:
    """Return the agreement of the fit with itself on bootstrap samples, as the choice of k measured it."""
    told = artefact.quality.get("stability")
    mean = told.get("mean") if isinstance(told, dict) else None
    return float(mean) if isinstance(mean, int | float) else UNMEASURED


def agreement_of(looking: Looking, now: Scene, seed: int) -> float | Undetermined:
    """Return the adjusted Rand index of the frozen model and a fresh fit of as many clusters in the frozen space."""
    from coterie.clusters.agreement import adjusted_rand
    from coterie.clusters.algorithms import fit

    matrix: Floats = looking.fitted.preparation.apply(now.table)
    placed = np.isfinite(matrix).all(axis=1)
    if int(placed.sum()) < PEOPLE_LEAST:
        return Undetermined("too few people for a fresh fit")
    keys = {key: place for place, key in enumerate(looking.fitted.keys)}
    frozen = np.array([keys.get(one, -1) for one in now.segments[placed].tolist()], np.int64)
    algorithm = str(looking.artefact.quality.get("algorithm", "kmeans"))
    fresh = fit(matrix[placed], algorithm, looking.fitted.rule.k, seed, **settings_of(looking.model))
    return float(adjusted_rand(frozen, fresh.labels))


def look(project: Project, artefact: Artefact, at: int, *, wish: Wish | None = None, told: Told = quiet) -> DriftReport:
    """Return the drift of a kept clustering at ``at`` by its own policy, or as wished."""
    with Looking(project, artefact) as looking:
        return report(looking, wish or wish_of(artefact, at, looking), told)


def windows_said(windows: Sequence[Window], tolerance: Tolerance) -> list[list[str]]:
    """Return in words what each window has to remark."""
    return [[one.what for one in remarks_of(window, tolerance)] for window in windows]
