"""Drift of features: what the people of a segment are like now, against what they were like."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct, structs

from coterie.features.table import FeatureTable, Texts
from coterie.model import Undetermined
from coterie.monitoring.drift.bins import DECILES, Floats, binned, counted, quantile_edges
from coterie.monitoring.drift.chance import jensen_shannon_chance, population_stability_chance, wasserstein_chance
from coterie.monitoring.drift.distances import (
    hellinger,
    jensen_shannon,
    kullback_leibler,
    normed_wasserstein,
    population_stability,
)
from coterie.monitoring.drift.significance import chi_square, kolmogorov_smirnov

EVERYONE = ""
"""Stands for all people together, beside the segments."""
DISTANCE_MOST = 0.1
"""A normed Wasserstein distance (numbers) or Jensen–Shannon distance (categories) above it is drift."""
FEW, UNASKED = Undetermined("too few people"), Undetermined("not asked for")
PEOPLE_LEAST = 20
"""With fewer people on a side nothing is said of a segment's features."""


class Distances(Struct, frozen=True, kw_only=True):
    """The other distances, over deciles of before (numbers) or categories. ``psi_chance``: what chance rarely exceeds."""

    psi: float
    psi_chance: float
    jensen_shannon: float
    hellinger: float
    kullback_leibler: float

    @classmethod
    def of(cls, p: Floats, q: Floats, people: tuple[int, int]) -> Distances:
        """Return every distance of two arrays of shares."""
        return cls(
            psi=population_stability(p, q),
            psi_chance=population_stability_chance(len(p), *people),
            jensen_shannon=jensen_shannon(p, q),
            hellinger=hellinger(p, q),
            kullback_leibler=kullback_leibler(p, q),
        )


class FeatureDrift(Struct, frozen=True, kw_only=True):
    """One feature of one segment. ``distance`` is what is judged: normed Wasserstein for numbers, Jensen–Shannon for categories.

    A number that is missing has no place among the others, so ``absence`` is judged beside it: the Jensen–Shannon distance between
    having and not having a value, before and now.
    """

    segment: str
    feature: str
    kind: str
    people: tuple[int, int]
    missing: tuple[float, float]
    """Shares without a value, before and now; they are a category of their own where the feature is one."""
    distance: float | Undetermined
    chance: float = 0.0
    bound: float = DISTANCE_MOST
    others: Distances | None = None
    means: tuple[float, float] | None = None
    p_value: float | Undetermined = UNASKED
    absence: float | Undetermined = FEW
    absence_chance: float = 0.0

    @property
    def is_beyond(self) -> bool:
        """Return whether a distance is above the bound, and above chance."""
        return self.is_shifted or self.is_vanishing

    @property
    def is_shifted(self) -> bool:
        """Return whether the values are others than they were."""
        return not isinstance(self.distance, Undetermined) and self.distance > max(self.bound, self.chance)

    @property
    def is_vanishing(self) -> bool:
        """Return whether another share of the people than before has no value."""
        return not isinstance(self.absence, Undetermined) and self.absence > max(self.bound, self.absence_chance)


def feature_drift(
    before: FeatureTable,
    now: FeatureTable,
    segments: tuple[Sequence[str | None], Sequence[str | None]] | None = None,
    *,
    bound: float = DISTANCE_MOST,
    tests: bool = False,
) -> list[FeatureDrift]:
    """Return the drift of every feature that both tables have, of everyone and of each segment; ``segments`` names that of each row.

    With ``tests`` the p-values of Kolmogorov–Smirnov and χ² are added. Cost: a sort per feature and segment.
    """
    found: list[FeatureDrift] = []
    for name in before.names:
        if name in now.names and before.column(name).kind == now.column(name).kind:
            for segment, rows in _groups(len(before), len(now), segments):
                one, other = (
                    np.asarray(table.column(name).values)[where] for table, where in ((before, rows[0]), (now, rows[1]))
                )
                measure = _of_numbers if before.column(name).kind == "number" else _of_categories
                found.append(measure(segment, name, (one, other), bound, tests))
    return found


def drifting_share(found: Sequence[FeatureDrift], segment: str = EVERYONE) -> float | Undetermined:
    """Return the share of the features of a segment that are beyond their bounds."""
    told = [one for one in found if one.segment == segment and not _is_unknown(one)]
    return sum(one.is_beyond for one in told) / len(told) if told else Undetermined("no feature could be compared")


def _is_unknown(one: FeatureDrift) -> bool:
    return isinstance(one.distance, Undetermined) and isinstance(one.absence, Undetermined)


def _groups(
    before: int, now: int, segments: tuple[Sequence[str | None], Sequence[str | None]] | None
) -> Iterator[tuple[str, tuple[Floats, Floats]]]:
    yield EVERYONE, (np.ones(before, bool), np.ones(now, bool))
    if segments is not None:
        sides = [np.asarray(["" if one is None else one for one in side], object) for side in segments]
        for key in sorted({*sides[0], *sides[1]} - {EVERYONE}):
            yield key, (sides[0] == key, sides[1] == key)


def _of_numbers(segment: str, name: str, pair: tuple[Floats, Floats], bound: float, tests: bool) -> FeatureDrift:
    a, b = (one[np.isfinite(one)] for one in pair)
    found = FeatureDrift(
        segment=segment,
        feature=name,
        kind="number",
        people=(len(pair[0]), len(pair[1])),
        missing=(_missing(len(a), len(pair[0])), _missing(len(b), len(pair[1]))),
        distance=FEW,
        bound=bound,
    )
    if min(found.people) >= PEOPLE_LEAST:
        had, have = (np.array([share, 1.0 - share]) for share in found.missing)
        chance = jensen_shannon_chance(2, *found.people)
        found = structs.replace(found, absence=jensen_shannon(had, have), absence_chance=chance)
    if min(len(a), len(b)) < PEOPLE_LEAST:
        return found
    distance = normed_wasserstein(a, b)
    if distance is None and (b == a[0]).all():
        distance = 0.0
    edges, people = quantile_edges(a, DECILES), (len(a), len(b))
    return structs.replace(
        found,
        distance=Undetermined("all had one value before, and not now") if distance is None else distance,
        chance=wasserstein_chance(*people),
        others=Distances.of(binned(a, edges), binned(b, edges), people),
        means=(float(a.mean()), float(b.mean())),
        p_value=kolmogorov_smirnov(a, b) if tests else UNASKED,
    )


def _of_categories(segment: str, name: str, pair: tuple[Texts, Texts], bound: float, tests: bool) -> FeatureDrift:
    a, b = pair[0].tolist(), pair[1].tolist()
    people = len(a), len(b)
    found = FeatureDrift(
        segment=segment,
        feature=name,
        kind="category",
        people=people,
        missing=(_missing(sum(map(bool, a)), people[0]), _missing(sum(map(bool, b)), people[1])),
        distance=FEW,
        bound=bound,
    )
    if min(people) < PEOPLE_LEAST:
        return found
    p, q, names = counted(a, b)
    return structs.replace(
        found,
        distance=jensen_shannon(p, q),
        chance=jensen_shannon_chance(len(names), *people),
        others=Distances.of(p, q, people),
        p_value=chi_square(p * people[0], q * people[1]) if tests else UNASKED,
    )


def _missing(known: int, people: int) -> float:
    return 1.0 - known / people if people else 0.0
