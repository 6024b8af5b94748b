"""Why a person of the project is in a segment or not: the person's records and the definitions, given to ``segments.explain``."""

from __future__ import annotations

from msgspec import Struct

from coterie.engine import definitions
from coterie.engine.project import Project
from coterie.engine.records import person
from coterie.model import Event
from coterie.segments.explain import Explanation
from coterie.segments.explain import explain as explain_events


class Explained(Struct, frozen=True, kw_only=True):
    """The explanation, and the events that it counts by id. ``asked_for`` is the id that was given."""

    asked_for: str
    explanation: Explanation
    events: dict[str, Event]


def explain(project: Project, key: str, profile: str, at: int) -> Explained:
    """Return why ``profile`` is in the segment at ``at`` or not, as the oracle sees it. Raises: NotFound.

    An id that was absorbed is answered for the person that it belongs to at ``at``. Cost: the records of one person.
    """
    segments = definitions.candidates(project)
    segment = definitions.named(segments, key)
    catalog = definitions.catalog(project, segments).closure(key)
    who = person(project, profile)
    events = who.events()
    owner = who.merges.canonical(profile, at)
    found = explain_events(catalog, events, key, owner, at, sentence=segment.says())
    counted = {one.event_id for leaf in found.leaves for one in leaf.counted}
    return Explained(
        asked_for=profile, explanation=found, events={event.id: event for event in events if event.id in counted}
    )
