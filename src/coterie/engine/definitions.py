"""The definitions of a project: those on disk, those in force, and what lowering them needs."""

from __future__ import annotations

from collections.abc import Sequence

from coterie.engine.project import Project
from coterie.errors import NotFound, nearest
from coterie.model import SYSTEM_PREFIX
from coterie.segments.catalog import Catalog
from coterie.segments.conditions.form import Context
from coterie.segments.conditions.thresholds import Thresholds
from coterie.segments.core import selectors
from coterie.segments.definition import Segment, lower_all
from coterie.segments.instants import instant_of
from coterie.segments.parse import load, parse


def on_disk(project: Project) -> list[Segment]:
    """Return the definitions in ``segments/``, sorted by key. Raises: InvalidDefinition with every problem of every file."""
    folder = project.root / "segments"
    return sorted(load(folder), key=lambda segment: segment.key) if folder.is_dir() else []


def in_force(project: Project) -> list[Segment]:
    """Return the definitions that are applied, sorted by key."""
    current = project.applied.current()
    return [parse(current[key].definition, f"applied/{key}.yaml") for key in sorted(current)]


def in_use(project: Project) -> list[Segment]:
    """Return the applied definitions, or those on disk while nothing was applied."""
    return in_force(project) if project.applied.current() else on_disk(project)


def candidates(project: Project) -> list[Segment]:
    """Return the definitions in use, with those on disk in their place or beside them: what a preview looks at."""
    found = {segment.key: segment for segment in in_force(project)}
    return list({**found, **{segment.key: segment for segment in on_disk(project)}}.values())


def named(segments: Sequence[Segment], key: str) -> Segment:
    """Return the definition with that key. Raises: NotFound with the nearest key."""
    found = {segment.key: segment for segment in segments}
    if key not in found:
        raise NotFound(f"no segment {key!r}", hint=nearest(key, found) or "see them: coterie segments")
    return found[key]


def context(project: Project) -> Context:
    """Return what lowering needs: the time zone and every published threshold."""
    published = {
        (key, version): Thresholds(
            segment=key,
            version=version,
            cuts={name: tuple(cuts) for name, cuts in numbers["cuts"].items()},
            published_at=instant_of(str(numbers.get("published_at", ""))) or 0,
        )
        for (key, version), numbers in project.thresholds.all().items()
    }
    return Context(time_zone=project.settings.time_zone, thresholds=published)


def catalog(project: Project, segments: Sequence[Segment] | None = None) -> Catalog:
    """Return ``segments`` (those in use when left out) lowered. Raises: InvalidDefinition."""
    return lower_all(in_use(project) if segments is None else segments, context(project))


def unheard(project: Project, catalog: Catalog) -> list[tuple[str, str, str]]:
    """Return (segment, event name, hint) for every event that a definition names and that the log has never seen.

    Such a definition is right but says nothing yet; a misspelled name looks the same. Empty while the log is empty.
    """
    heard = {row["name"] for row in project.events.names().to_pylist()}
    named = {(one.key, name) for one in catalog for asked in selectors(one.node) for name in asked.names}
    strange = sorted((key, name) for key, name in named if not name.startswith(SYSTEM_PREFIX) and name not in heard)
    return [(key, name, nearest(name, heard)) for key, name in strange] if heard else []
