"""A kept clustering told again: each cluster with its key for ever, its words and figures, and, when asked for, its members."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from coterie.clusters.explanation.conversion import segment_of
from coterie.clusters.explanation.facts import ShortRule
from coterie.engine import definitions
from coterie.engine.learning.models import models_of
from coterie.engine.project import Project
from coterie.errors import Conflict, NotFound, Problem, nearest
from coterie.features.parse import parse
from coterie.learned.artefact import Artefact
from coterie.learned.parse import definition_of
from coterie.segments.instants import rfc3339
from coterie.segments.parse.written import yaml_of


class Outstanding(Struct, frozen=True, kw_only=True):
    """A member who stands for the cluster, or who is nearly in another one."""

    profile: str
    distance: float | None


class ClusterTold(Struct, frozen=True, kw_only=True):
    """One cluster as it was at the fit. ``figures`` are its differences, revenue and rule, as plain data."""

    key: str
    title: str
    suggested: str
    """The name that its features suggest now; the title stays what it was."""
    size: int
    share: float
    says: str
    figures: dict[str, Any]
    typical: tuple[Outstanding, ...] = ()
    border: tuple[Outstanding, ...] = ()


class ClustersTold(Struct, frozen=True, kw_only=True):
    """A version of a clustering in words and figures, of ``people`` as of ``as_of``; ``noise`` of them are in no cluster."""

    key: str
    version: int
    title: str
    as_of: int
    people: int
    noise: int
    is_published: bool
    clusters: tuple[ClusterTold, ...]
    quality: dict[str, Any]
    warnings: tuple[str, ...]

    def cluster(self, key: str) -> ClusterTold:
        """Return the cluster with that key. Raises: NotFound with the nearest one."""
        for one in self.clusters:
            if one.key == key:
                return one
        raise NotFound(f"no cluster {key!r} in {self.key}", hint=nearest(key, [one.key for one in self.clusters]))


def explained(project: Project, key: str, version: int | None = None, *, members: bool = False) -> ClustersTold:
    """Return a version (the published one when not said, else the newest) told. ``members`` names typical and border members: those
    of them who were not erased since. Raises: NotFound, Problem for a signature that does not hold."""
    store = models_of(project)
    published = store.published_version("clusters", key)
    artefact = store.load("clusters", key, published if version is None else version)
    people = _outstanding(project, artefact) if members else {}
    told = {one["cluster"]: one for one in artefact.parameters.get("explanation", {}).get("clusters", ())}
    clusters = tuple(
        _told(group, told.get(place, {}), people, artefact.people)
        for place, group in enumerate(artefact.parameters["clusters"])
    )
    return ClustersTold(
        key=key, version=artefact.version, title=artefact.title, as_of=artefact.as_of, people=artefact.people,
        noise=artefact.people - sum(one.size for one in clusters), is_published=artefact.version == published,
        clusters=clusters, quality=artefact.quality, warnings=(*_expired(artefact, project.present()), *artefact.warnings),
    )  # fmt: skip


def _expired(artefact: Artefact, now: int) -> tuple[str, ...]:
    if artefact.valid_until is None or artefact.valid_until >= now:
        return ()
    return (f"it was to hold until {rfc3339(artefact.valid_until)}: fit it again, or look whether it drifted",)


class SavedRule(Struct, frozen=True, kw_only=True):
    """A short rule that is a segment now: its key and file, what it says, and how well it says who is in the cluster."""

    segment: str
    path: str
    says: str
    fidelity: dict[str, Any]


def save_rule(project: Project, told: ClustersTold, cluster: str, key: str | None = None) -> SavedRule:
    """Return the short rule of a cluster as a segment, written to ``segments/<key>.yaml`` (``<model>-<cluster>`` when not said).

    Raises: NotFound; Problem when the cluster has no short rule, or one that no conditions say; Conflict when there is such a file.
    """
    artefact = models_of(project).load("clusters", told.key, told.version)
    one, model = told.cluster(cluster), definition_of(artefact)
    plain = one.figures.get("rule") or {"undetermined": "the version has no explanation"}
    if "undetermined" in plain:
        raise Problem("this cluster has no short rule", where=cluster, received=str(plain["undetermined"]))
    name = key or f"{told.key}-{cluster}"
    rule = msgspec.convert(plain, ShortRule)
    found = rule.fidelity
    fidelity = f"It finds {found.recall:.0%} of the cluster, and {found.precision:.0%} of whom it finds are of it."
    segment = segment_of(
        rule, parse(artefact.feature_set), definitions.context(project), key=name, title=one.title,
        description=f"The short rule of the cluster {cluster} of the model {told.key}, version {told.version}. {fidelity}",
        population=model.population,
    )  # fmt: skip
    path = project.root / "segments" / f"{segment.key}.yaml"
    path.parent.mkdir(exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(yaml_of(segment))
    except FileExistsError as error:
        raise Conflict(f"there is a file {path.name} already", hint="choose another key: --as KEY") from error
    return SavedRule(segment=name, path=str(path), says=segment.says(), fidelity=plain["fidelity"])


def _told(
    group: dict[str, Any], one: dict[str, Any], people: dict[tuple[str, str], tuple[Outstanding, ...]], whole: int
) -> ClusterTold:
    key = str(group["key"])
    figures: dict[str, Any] = {
        name: one[name] for name in ("revenue", "revenue_share", "differences", "rule") if name in one
    }
    size = int(group.get("size", 0))
    return ClusterTold(
        key=key, title=str(group.get("title") or key), suggested=str(one.get("name", "")), size=size,
        share=size / whole if whole else 0.0, says=str(one.get("says", "")), figures=figures,
        typical=people.get((key, "typical"), ()), border=people.get((key, "border"), ()),
    )  # fmt: skip


def _outstanding(project: Project, artefact: Artefact) -> dict[tuple[str, str], tuple[Outstanding, ...]]:
    table = models_of(project).assignments("clusters", artefact.key, artefact.version)
    found: dict[tuple[str, str], list[Outstanding]] = {}
    for row in [] if table is None else table.filter(table["role"].is_valid()).to_pylist():
        told = Outstanding(profile=row["profile"], distance=row["distance"])
        found.setdefault((row["cluster"], row["role"]), []).append(told)
    return {where: tuple(sorted(some, key=lambda one: one.distance or 0.0)) for where, some in found.items()}
