"""Recalibration: a stale model is fitted anew in the shadow, compared with the one in force, and promoted or kept, all on record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import numpy as np
from msgspec import Struct

from coterie.clusters.fitted import FittedClusters
from coterie.clusters.labels import Ints
from coterie.clusters.sampling import some_rows
from coterie.clusters.validity.silhouette import silhouettes
from coterie.engine.learning import clustering
from coterie.engine.learning.comparing import Compared, compare
from coterie.engine.learning.drift.report import DriftReport, Wish, look
from coterie.engine.learning.models import definition, models_of
from coterie.engine.learning.tables import build
from coterie.engine.learning.telling import Told, plain, quiet
from coterie.engine.project import Project
from coterie.errors import Conflict, NotFound
from coterie.features.parse import parse
from coterie.learned.artefact import Artefact
from coterie.learned.definition import ClustersModel
from coterie.learned.parse import definition_of
from coterie.learned.record import Deed, Record
from coterie.model import Undetermined

Decision: TypeAlias = Literal["fresh", "told", "waiting", "promoted", "kept"]
"""``fresh``: not stale, nothing was done. ``told``: stale, and the policy is by hand. ``waiting``: a refit waits for a person.
``promoted`` / ``kept``: the refit, or the old model, is the published one from now on."""
PEOPLE_COMPARED = 5_000
"""So many people are drawn to compare how well two versions separate them."""
KIND = "clusters"


class Recalibrated(Struct, frozen=True, kw_only=True):
    """What came of a look. ``candidate`` is the version of the refit, ``separation`` (of the old, of the new) mean silhouettes in the new
    version's prepared space."""

    model: str
    version: int
    at: int
    decision: Decision
    is_stale: bool
    reasons: tuple[str, ...]
    report: DriftReport
    candidate: int | None = None
    compared: Compared | None = None
    separation: tuple[float, float] | Undetermined = Undetermined("no refit was compared")


def published_or_newest(project: Project, key: str) -> Artefact:
    """Return the published version of a clustering, else the newest. Raises: NotFound."""
    found = clustering.previous(project, key)
    if found is None:
        raise NotFound(f"no fitted model {key!r} ({KIND})", hint=f"fit it first: coterie cluster fit {key}")
    return found


def recalibrate(
    project: Project,
    key: str,
    at: int,
    *,
    publish: Callable[[int], Any],
    by: str = "rule",
    force: bool = False,
    wish: Wish | None = None,
    told: Told = quiet,
) -> Recalibrated:
    """Look at the drift of a model at ``at`` and do what its policy says; with ``force`` a refit is compared whether it is stale or not.

    ``publish`` puts a version into force. A refit is promoted by ``auto`` when it separates today's people at least as well as the old
    model does; its clusters keep the old ones' keys where they go on. Every step is in the model's history. Raises: NotFound, Problem.
    """
    artefact = published_or_newest(project, key)
    report = look(project, artefact, at, wish=wish, told=lambda doing, share: told(doing, 0.4 * share))
    model = policy_of(project, artefact)
    found = Recalibrated(
        model=key, version=artefact.version, at=at, decision="fresh", is_stale=report.judgement.is_stale,
        reasons=report.judgement.reasons, report=report,
    )  # fmt: skip
    if found.is_stale:
        _record(project, found, "stale", artefact.version, by, "; ".join(found.reasons))
    if not force and (not found.is_stale or model.recalibrate.policy == "by_hand"):
        return _with(found, decision="told" if found.is_stale else "fresh")
    fresh = clustering.fit(project, model, at, lambda doing, share: told(doing, 0.4 + 0.5 * share))
    candidate = clustering.keep(project, fresh, by=by)
    found = _with(found, candidate=candidate.version)
    compared = compare(project, key, artefact.version, candidate.version, at)
    separation = separated(project, artefact, candidate, at)
    found = _with(found, compared=compared, separation=separation)
    _record(project, found, "compared", candidate.version, by, "; ".join(compared.words))
    if model.recalibrate.policy != "auto":
        return _with(found, decision="waiting")
    told("deciding", 0.95)
    if not isinstance(separation, Undetermined) and separation[1] >= separation[0]:
        publish(candidate.version)
        return _decided(project, found, "promoted", candidate.version, by)
    return _decided(project, found, "kept", artefact.version, by)


def decide(
    project: Project, key: str, candidate: int, *, promote: bool, publish: Callable[[int], Any], by: str, at: int
) -> int:
    """Return the version that is in force after a person decided about a refit that waits. Raises: NotFound, Conflict."""
    store = models_of(project)
    store.load(KIND, key, candidate)
    if candidate not in waiting(project, key):
        raise Conflict(
            f"version {candidate} of {key!r} does not wait for a decision", hint="see: coterie drift history"
        )
    if promote:
        publish(candidate)
        store.record(KIND, key, Record(at=at, deed="promoted", version=candidate, by=by))
        return candidate
    version = published_or_newest(project, key).version
    store.record(
        KIND, key, Record(at=at, deed="kept", version=version, by=by, note=f"version {candidate} was not taken")
    )
    return version


def waiting(project: Project, key: str) -> tuple[int, ...]:
    """Return the refits that were compared and about which nothing was decided since."""
    found: list[int] = []
    for one in models_of(project).history(KIND, key):
        if one.deed == "compared":
            found.append(one.version)
        elif one.deed in ("promoted", "kept", "published", "withdrawn"):
            found.clear()
    return tuple(found)


def separated(project: Project, old: Artefact, new: Artefact, at: int) -> tuple[float, float] | Undetermined:
    """Return the mean silhouettes of the old and the new version's assignments, of the same people in the new one's prepared space."""
    fitted = FittedClusters.read(new.parameters)
    table = build(project, parse(new.feature_set), at, population=_model(new).population).table
    labels: list[Ints] = [clustering.labels_by(project, one, table, at) for one in (old, new)]
    prepared = fitted.preparation.apply(table)
    placed = np.isfinite(prepared).all(axis=1) & (labels[0] >= 0) & (labels[1] >= 0)
    chosen = np.flatnonzero(placed)[some_rows(int(placed.sum()), PEOPLE_COMPARED, new.seed)]
    if any(len(np.unique(one[chosen])) < 2 for one in labels):
        return Undetermined("one of the versions has everybody in one cluster")
    means = [float(np.nanmean(each)) for each in silhouettes(prepared[chosen], [one[chosen] for one in labels])]
    return means[0], means[1]


def policy_of(project: Project, artefact: Artefact) -> ClustersModel:
    """Return the model as it is written now; as it was fitted, when the file is gone."""
    try:
        found = definition(project, artefact.key, KIND)
    except NotFound:
        return _model(artefact)
    assert isinstance(found, ClustersModel)
    return found


def _model(artefact: Artefact) -> ClustersModel:
    model = definition_of(artefact)
    assert isinstance(model, ClustersModel)
    return model


def _with(found: Recalibrated, **changes: Any) -> Recalibrated:
    from msgspec.structs import replace

    return replace(found, **changes)


def _decided(
    project: Project, found: Recalibrated, decision: Literal["promoted", "kept"], version: int, by: str
) -> Recalibrated:
    _record(project, found, decision, version, by, "")
    return _with(found, decision=decision)


def _record(project: Project, found: Recalibrated, deed: Deed, version: int, by: str, note: str) -> None:
    figures: dict[str, Any] = {"candidate": found.candidate, "old": found.version}
    if not isinstance(found.separation, Undetermined):
        figures["silhouette_old"], figures["silhouette_new"] = found.separation
    if found.compared is not None:
        figures["agreement"] = plain(found.compared.agreement)
        figures["stayed"] = plain(found.compared.stayed)
    models_of(project).record(
        KIND, found.model, Record(at=project.wall(), deed=deed, version=version, by=by, note=note, figures=figures)
    )
