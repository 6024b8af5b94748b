"""Who resembles the members of a group without being one: everybody is judged by a model that did not learn from them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct, structs

from coterie.features.table import FeatureTable, Rows
from coterie.model import Undetermined
from coterie.value.boosting import Settings, boost
from coterie.value.encoding import encoding_of
from coterie.value.history import Floats
from coterie.value.probability import Reliability, calibrate, reliability
from coterie.value.propensity import Influence, Propensity, influences
from coterie.value.ranking import Area, area

FOLDS = 5
TOLD_APART = 0.99
"""From this area on the features as good as define the group: nobody else will resemble it."""


class Alike(Struct, frozen=True, kw_only=True):
    """A model of resemblance. ``area`` and ``reliability`` are of people each judged by a model, and a calibration, that was made
    without them."""

    model: Propensity
    rounds: int
    people: int
    members: int
    area: Area | Undetermined
    reliability: Reliability
    influences: tuple[Influence, ...]


def resemble(
    table: FeatureTable,
    members: Rows,
    settings: Settings,
    *,
    members_min: int = 50,
    columns: Sequence[str] | None = None,
) -> Alike | Undetermined:
    """Return who resembles ``members`` (n,) bool of ``table``, learned from everybody.

    Undetermined with fewer than ``members_min`` members or others.
    """
    inside = int(members.sum())
    if min(inside, len(members) - inside) < members_min:
        return Undetermined(
            f"{inside} of {len(members)} people are members: at least {members_min} in it and outside are needed"
        )
    encoding = encoding_of(table, columns)
    if not encoding.needs:
        return Undetermined("there are no features")
    rows = encoding.rows(table)
    scores, rounds = _crossed(rows, members, settings)
    final = boost(rows, members, None, structs.replace(settings, trees=max(rounds, 1)))
    calibration = calibrate(scores, members, "auto")
    held = reliability(_calibrated_elsewhere(scores, members, settings.seed), members)
    model = Propensity(encoding=encoding, trees=final.trees, calibration=calibration)
    return Alike(
        model=model, rounds=final.rounds, people=len(members), members=inside, area=area(scores, members),
        reliability=held, influences=influences(final, encoding.names),
    )  # fmt: skip


def words(alike: Alike) -> list[str]:
    """Return what a person should be warned of."""
    told = alike.area
    if isinstance(told, Undetermined):
        return [f"the features tell the members from everybody else without exception ({told.reason}): leave out those that define the segment"]  # fmt: skip
    if told.value >= TOLD_APART:
        return [f"the features as good as define the segment (AUC {told.value:.3f}): leave some out, or nobody else resembles it"]  # fmt: skip
    if told.low <= 0.5:
        return [
            f"the members may be like everybody else (AUC {told.value:.3f}, from {told.low:.3f} to {told.high:.3f})"
        ]
    return []


def _crossed(rows: Floats, members: Rows, settings: Settings) -> tuple[Floats, int]:
    """Return everybody's score (n,) by a model that had not seen them, and the median number of trees."""
    rng = np.random.default_rng(settings.seed)
    fold = np.empty(len(members), np.int64)
    for kind in (members, ~members):
        places = np.flatnonzero(kind)
        fold[rng.permutation(places)] = np.arange(len(places)) % FOLDS
    scores, rounds = np.empty(len(members)), list[int]()
    for number in range(FOLDS):
        out = fold == number
        stop = fold == (number + 1) % FOLDS
        learn = ~(out | stop)
        found = boost(rows[learn], members[learn], (rows[stop], members[stop]), settings)
        scores[out] = found.trees.scores(rows[out])
        rounds.append(found.rounds)
    return scores, int(np.median(rounds))


def _calibrated_elsewhere(scores: Floats, members: Rows, seed: int) -> Floats:
    """Return the probability of everybody (n,) by a calibration of the other half."""
    half = np.random.default_rng(seed).permutation(len(scores)) % 2 == 0
    chances = np.empty(len(scores))
    for part in (half, ~half):
        chances[part] = calibrate(scores[~part], members[~part], "auto").apply(scores[part])
    return chances
