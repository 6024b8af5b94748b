"""A segment before it is trusted: its size over time, what it shares with others, and what its state will cost."""

from __future__ import annotations

from msgspec import Struct

from coterie.engine import definitions
from coterie.engine.history import History
from coterie.engine.project import Project
from coterie.segments.catalog import Catalog
from coterie.segments.core import ALWAYS

SAMPLE_ROWS = 100_000


class Overlap(Struct, frozen=True, kw_only=True):
    """How many members a segment shares with another: absolute, and as shares of both."""

    key: str
    size: int
    shared: int
    of_this: float
    of_other: float


class Cost(Struct, frozen=True, kw_only=True):
    """What the live reader keeps for the segment and those it refers to, beside what it keeps anyway.

    Measured by giving it the latest ``events`` of the log; ``bytes_total`` is for all known profiles. Spare room included.
    """

    events: int
    bytes_per_profile: float
    bytes_total: float


class Preview(Struct, frozen=True, kw_only=True):
    """Sizes at ``instants``, overlaps at the last of them, largest first; ``known`` profiles at that instant."""

    key: str
    sentence: str
    instants: tuple[int, ...]
    sizes: tuple[int, ...]
    known: int
    overlaps: tuple[Overlap, ...]
    cost: Cost | None = None


def instants_between(first: int, last: int, points: int) -> tuple[int, ...]:
    """Return at most ``points`` instants, evenly spread, ending exactly at ``last``."""
    if points < 2 or last <= first:
        return (last,)
    step = max(1, (last - first) // (points - 1))
    return tuple(at for place in range(points - 1, -1, -1) if (at := last - step * place) >= first or place == 0)


def preview(
    project: Project, key: str, *, until: int, since: int | None = None, points: int = 60, measure: bool = True
) -> Preview:
    """Return the preview of a definition, on disk or in force, at up to ``points`` instants of the log until ``until``.

    ``measure`` also finds the cost of the live state. Raises: NotFound, InvalidDefinition.
    """
    segments = definitions.candidates(project)
    segment = definitions.named(segments, key)
    catalog = definitions.catalog(project, segments)
    start = project.events.extent().first_received_at if since is None else since
    instants = instants_between(start, until, points)
    with History(project.events) as history:
        sizes = history.sizes(catalog, key, instants)
        overlaps = _overlaps(history, catalog, key, until)
        known = history.known(until)
    return Preview(
        key=key,
        sentence=segment.says(),
        instants=instants,
        sizes=tuple(sizes),
        known=known,
        overlaps=overlaps,
        cost=cost(project, catalog.closure(key), known) if measure and known else None,
    )


def cost(project: Project, catalog: Catalog, known: int) -> Cost:
    """Return what the live reader needs for ``catalog``, measured on the end of the log."""
    from coterie.segments.live import Live

    sample = project.events.latest(SAMPLE_ROWS)
    sizes, people = [], 1
    for asked in (Catalog.of({"everyone": ALWAYS}), catalog):
        live = Live(asked, history=lambda profiles: [sample])
        live.apply(sample)
        sizes.append(live.state_bytes())
        people = max(1, live.counters()["profiles"])
    per_profile = max(0, sizes[1] - sizes[0]) / people
    return Cost(events=sample.num_rows, bytes_per_profile=per_profile, bytes_total=per_profile * known)


def _overlaps(history: History, catalog: Catalog, key: str, at: int) -> tuple[Overlap, ...]:
    shared = history.overlaps(catalog, catalog.keys, at)
    own = shared.get((key, key), 0)
    found = []
    for other in catalog.keys:
        if other != key:
            both, size = shared.get((min(key, other), max(key, other)), 0), shared.get((other, other), 0)
            found.append(
                Overlap(
                    key=other,
                    size=size,
                    shared=both,
                    of_this=both / own if own else 0.0,
                    of_other=both / size if size else 0.0,
                )
            )
    return tuple(sorted(found, key=lambda one: (-one.shared, one.key)))
