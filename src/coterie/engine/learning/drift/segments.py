"""Drift of ordinary segments between two instants: each against everybody else, by the batch reader."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from coterie.engine import definitions
from coterie.engine.history import History
from coterie.engine.learning.drift.looking import Outcomes, outcomes_in
from coterie.engine.learning.tables import build, feature_set_of
from coterie.engine.project import Project
from coterie.errors import NotFound, Problem, nearest
from coterie.features.table import FeatureTable, Floats, Texts
from coterie.monitoring.drift.judgement import Remark, Tolerance, Window, remarks_of
from coterie.monitoring.drift.observation import Scene, observe

OTHERS = "(others)"
"""Stands for everybody who is not in the segment."""


class SegmentDrift(Struct, frozen=True, kw_only=True):
    """One segment at ``at`` against ``reference_at``: who is in it, what they are like, how many stayed, and what came of them."""

    segment: str
    title: str
    window: Window
    remarks: tuple[Remark, ...]


def look_at_segments(
    project: Project,
    keys: Sequence[str],
    reference_at: int,
    at: int,
    *,
    feature_set: str | None = None,
    outcomes: Outcomes = Outcomes(),  # noqa: B008  an immutable value
) -> list[SegmentDrift]:
    """Return the drift of each of ``keys`` between two instants. Outcomes are of the people by where they were when the window, as long as the
    time between the two, began.

    Raises: NotFound, Problem. Cost: one statement per segment, one scan per instant and feature set.
    """
    if at <= reference_at:
        raise Problem("the reference is not before", where="since", received=reference_at, allowed=f"before {at}")
    titles = {one.key: one.title for one in definitions.in_use(project)}
    for key in keys:
        if key not in titles:
            raise NotFound(
                f"no segment {key!r} in force", hint=nearest(key, titles) or "put it into force: coterie apply"
            )
    catalog, span = definitions.catalog(project), at - reference_at
    earlier = reference_at - span
    with History(project.events) as history:
        people = {moment: _table(project, history, moment, feature_set) for moment in (earlier, reference_at, at)}
        ends = {moment: outcomes_in(history, outcomes, moment, span) for moment in (reference_at, at)}
        found = []
        for key in keys:
            inside = history.members(catalog, key, (earlier, reference_at, at))
            scenes = {moment: _scene(people[moment], inside[moment], key) for moment in inside}
            afterwards = ends[reference_at].of(scenes[earlier]), ends[at].of(scenes[reference_at])
            window = observe(scenes[reference_at], scenes[at], before=scenes[reference_at], afterwards=afterwards)
            remarks = tuple(one for one in remarks_of(window, Tolerance()) if one.segment in ("", key))
            found.append(SegmentDrift(segment=key, title=titles[key], window=window, remarks=remarks))
    return found


def _table(project: Project, history: History, at: int, feature_set: str | None) -> FeatureTable:
    if feature_set is not None:
        return build(project, feature_set_of(project, feature_set), at).table
    profiles = sorted(history.measures([], at)["profile"].to_pylist())
    return FeatureTable(profiles=np.array(profiles, object), columns=(), at=at)


def _scene(table: FeatureTable, members: set[str], key: str) -> Scene:
    inside: Floats = np.array([one in members for one in table.profiles.tolist()], bool)
    segments: Texts = np.where(inside, key, OTHERS).astype(object)
    return Scene(table=table, segments=segments)
