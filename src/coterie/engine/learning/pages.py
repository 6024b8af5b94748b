"""Reports with pictures, by the question they answer."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from importlib.util import find_spec
from typing import Any

import numpy as np

from coterie.clusters.choice import Choice
from coterie.clusters.explanation.kept import explanation_of
from coterie.clusters.fitted import FittedClusters
from coterie.clusters.labels import Clustering, Floats, Ints
from coterie.clusters.pictures import Method, branches_of, map_of, silhouettes_of
from coterie.engine.learning.clustering import Found, Ready
from coterie.engine.learning.comparing import Compared, VersionFigures
from coterie.engine.learning.drift.report import DriftReport
from coterie.engine.learning.models import models_of
from coterie.engine.learning.pictures import Picture
from coterie.engine.learning.pictures.clusters import tree_picture
from coterie.engine.learning.pictures.people import map_picture, silhouette_picture
from coterie.engine.learning.reports.choosing import choice_section
from coterie.engine.learning.reports.drifting import drift_sections, moves_picture
from coterie.engine.learning.reports.explaining import details, overview
from coterie.engine.learning.reports.page import Report, Section, said, table
from coterie.engine.learning.tables import build
from coterie.engine.project import Project
from coterie.features.parse import parse
from coterie.learned.artefact import Artefact
from coterie.learned.definition import ClustersModel
from coterie.learned.parse import definition_of
from coterie.limits import DAY_US
from coterie.segments.instants import rfc3339

MAPPED = 1_000
"""Points of a t-SNE map in a page: some seconds."""


def fit_report(project: Project, found: Found, kept: Artefact) -> Report:
    """Return the report of a fit that was kept: what each cluster is, how many there are and why, and the pictures."""
    sections = _clusters(kept, found.ready.matrix, found.clustering.labels, found.clustering)
    if found.choice is not None:
        sections.insert(1, choice_section(found.choice))
    return _report(project, kept, sections)


def choose_report(project: Project, ready: Ready, choice: Choice) -> Report:
    """Return the report of a choice of k: the recommendation, every criterion, and the recommended clusters on a map."""
    clustering = choice.clustering
    names = [f"cluster {number + 1}" for number in range(clustering.k)]
    pictures = _pictures(ready.matrix, clustering.labels, names, clustering, choice.seed)
    shown = Section(title=f"The clustering into {clustering.k}", pictures=pictures)
    lead = f"{choice.people:,} people, {choice.algorithm}, seed {choice.seed}"
    title = _title(project, f"{ready.feature_set.key}: how many clusters")
    return Report(title=title, lead=lead, sections=[choice_section(choice), shown])


def explain_report(project: Project, key: str, version: int) -> Report:
    """Return the report of a kept version, its people measured again as of the fit. Raises: NotFound. Cost: one scan of the log."""
    kept = models_of(project).load("clusters", key, version)
    model, fitted = definition_of(kept), FittedClusters.read(kept.parameters)
    assert isinstance(model, ClustersModel)  # the store keeps kinds apart
    table_ = build(project, parse(kept.feature_set), kept.as_of, population=model.population).table
    matrix = fitted.preparation.apply(table_)
    inside = np.isfinite(matrix).all(axis=1)
    labels, _ = fitted.assign_table(table_)
    sections = _clusters(kept, matrix[inside], labels[inside], None)
    return _report(project, kept, sections)


def compare_report(project: Project, found: Compared) -> Report:
    """Return the report of two versions side by side on the same people."""
    words = "".join(f"<li>{escape(one)}</li>" for one in found.words) or "<li>every cluster goes on as itself</li>"
    body = (
        f"<ul>{words}</ul><p>{said(found.stayed, '.1%')} of the people keep their cluster; the two partitions agree to "
        f"{said(found.agreement, '.3f')} (adjusted Rand index; 1 is the same groups).</p>"
    )
    titles = {**found.old.titles, **found.new.titles}
    sides = Section(title="Sizes", body="".join(_side(one) for one in (found.old, found.new)))
    lead = f"{found.people:,} people as of {rfc3339(found.at)}: version {found.old.version} (rows) and {found.new.version} (columns)"
    sections = [Section(title="What changes", body=body, pictures=(moves_picture(found.moves, titles),)), sides]
    return Report(title=_title(project, f"{found.key}: two versions"), lead=lead, sections=sections)


def drift_report(project: Project, found: DriftReport) -> Report:
    """Return the report of a drift report: the judgement, then five things apart."""
    kept = models_of(project).load("clusters", found.model, found.version)
    titles = {group.key: group.title or group.key for group in FittedClusters.read(kept.parameters).groups}
    lead = (
        f"version {found.version}, fitted as of {rfc3339(found.as_of)[:10]}; "
        f"{len(found.windows)} windows of {found.window_us / DAY_US:g} days until {rfc3339(found.at)[:10]}"
    )
    return Report(title=_title(project, f"{found.model}: drift"), lead=lead, sections=drift_sections(found, titles))


REPORTS: dict[str, Callable[..., Report]] = {
    "fit": fit_report,
    "choose": choose_report,
    "explain": explain_report,
    "compare": compare_report,
    "drift": drift_report,
}
"""Question → its report."""


# ── shared ───────────────────────────────────────────────────────────────────────────────────────────────────


def _title(project: Project, what: str) -> str:
    return f"{project.settings.name}: {what}"


def _report(project: Project, kept: Artefact, sections: list[Section]) -> Report:
    title = _title(project, kept.title or kept.key)
    return Report(title=title, lead=_lead(kept), sections=sections, notes=kept.warnings)


def _lead(kept: Artefact) -> str:
    quality: dict[str, Any] = kept.quality
    return f"version {kept.version}, {quality.get('algorithm', 'clusters')}, {kept.people:,} people as of {rfc3339(kept.as_of)[:10]}, seed {kept.seed}"


def _clusters(kept: Artefact, matrix: Floats, labels: Ints, clustering: Clustering | None) -> list[Section]:
    """Return what each cluster is, and the pictures of its people."""
    groups = FittedClusters.read(kept.parameters).groups
    keys, names = [group.key for group in groups], [group.title or group.key for group in groups]
    pictures = _pictures(matrix, labels, names, clustering, kept.seed)
    shown = Section(title="Customers", pictures=pictures)
    plain = kept.parameters.get("explanation")
    if not plain:
        return [shown]
    explanation = explanation_of(plain)
    return [overview(explanation, keys, names), details(explanation, keys, names), shown]


def _pictures(
    matrix: Floats, labels: Ints, names: list[str], clustering: Clustering | None, seed: int
) -> tuple[Picture, ...]:  # fmt: skip
    """Return the maps (t-SNE where its library is installed), the silhouettes, and the tree where there is one."""
    methods: list[tuple[Method, int]] = [("pca", 3_000)]
    if find_spec("openTSNE") is not None:
        methods.append(("tsne", MAPPED))
    found = [map_picture(map_of(matrix, how, seed=seed, points_max=most), labels, names) for how, most in methods]
    if len(np.unique(labels[labels >= 0])) > 1:
        found.append(silhouette_picture(silhouettes_of(matrix, labels, seed=seed), names))
    if clustering is not None and clustering.dendrogram is not None:
        found.append(tree_picture(branches_of(clustering.dendrogram, clustering.k), clustering.k))
    return tuple(found)


def _side(one: VersionFigures) -> str:
    whole = sum(one.sizes.values()) or 1
    rows = [
        (escape(one.titles.get(key, key) or "in no cluster"), f"{size:,}", f"{size / whole:.1%}")
        for key, size in one.sizes.items()
    ]
    lead = f"<p>Version {one.version}, fitted as of {rfc3339(one.as_of)[:10]}; mean squared distance to the centre {said(one.spread, '.3f')}</p>"
    return lead + table(("cluster", "people", "share"), rows)
