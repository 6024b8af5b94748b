"""How probable it is that somebody does something: learned from earlier instants, calibrated on a later one, tested on the last.

Nothing of the instant of the test was there when the model was made, so what is said of the test is what will be true of next month.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct, convert, to_builtins

from coterie.features.table import FeatureTable, Rows
from coterie.model import Undetermined
from coterie.value.boosting import Boosted, Settings, boost
from coterie.value.encoding import Encoding, encoding_of
from coterie.value.history import Floats
from coterie.value.probability import Asked, Calibration, Reliability, calibrate, reliability
from coterie.value.ranking import Area, area
from coterie.value.trees import Trees


class Sample(Struct, frozen=True, kw_only=True):
    """Features of people as of one instant, and of whom the outcome came within the time after it, (n,) bool."""

    table: FeatureTable
    outcomes: Rows

    def only(self, rows: Rows) -> Sample:
        return Sample(table=self.table.only(rows), outcomes=self.outcomes[rows])

    @property
    def positives(self) -> int:
        return int(self.outcomes.sum())


class Propensity(Struct, frozen=True, kw_only=True):
    """The model: rows of features, trees over them, and the way from their sum to a probability."""

    encoding: Encoding
    trees: Trees
    calibration: Calibration

    def scores(self, table: FeatureTable) -> Floats:
        """Return the log-odds of everybody before calibration, (n,)."""
        return self.trees.scores(self.encoding.rows(table))

    def chances(self, table: FeatureTable) -> Floats:
        """Return the probability of everybody, (n,)."""
        return self.calibration.apply(self.scores(table))

    def told(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "encoding": self.encoding.told(),
            "trees": self.trees.told(),
            "calibration": to_builtins(self.calibration),
        }

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> Propensity:
        """Return the model that ``told`` wrote. Raises: Problem for trees that are none."""
        calibration = convert(plain["calibration"], Calibration)
        return cls(encoding=Encoding.read(plain["encoding"]), trees=Trees.read(plain["trees"]), calibration=calibration)


class Influence(Struct, frozen=True, kw_only=True):
    """A feature, and the share of the model's gain that it brought."""

    feature: str
    share: float


class Learned(Struct, frozen=True, kw_only=True):
    """A model with what the test says. ``simplest`` is the best single feature on the learning data, judged on the same test."""

    model: Propensity
    rounds: int
    learned_from: int
    learned_positives: int
    area: Area | Undetermined
    reliability: Reliability
    simplest: str
    simplest_area: Area | Undetermined
    influences: tuple[Influence, ...]


def learn(
    past: Sequence[Sample],
    tuning: Sample,
    test: Sample,
    settings: Settings,
    *,
    asked: Asked = "auto",
    positives_min: int = 50,
    columns: Sequence[str] | None = None,
) -> Learned | Undetermined:
    """Return a model learned from ``past``, stopped and calibrated on two halves of ``tuning``, and judged on ``test``.

    Undetermined with fewer than ``positives_min`` cases of either kind to learn from, or none of either to tune with: a number would
    be there, and mean nothing.
    """
    people = sum(len(one.outcomes) for one in past)
    positives = sum(one.positives for one in past)
    if min(positives, people - positives) < positives_min:
        return Undetermined(f"of {people} cases to learn from {positives} have the outcome: at least {positives_min} with it and without it are needed")  # fmt: skip
    encoding = encoding_of(past[-1].table, columns)
    if not encoding.needs:
        return Undetermined("there are no features")
    rows = np.concatenate([encoding.rows(one.table) for one in past])
    outcomes = np.concatenate([one.outcomes for one in past])
    half = np.random.default_rng(settings.seed).permutation(len(tuning.outcomes)) % 2 == 0
    stop, fit = tuning.only(half), tuning.only(~half)
    if any(not 0 < part.positives < len(part.outcomes) for part in (stop, fit)):
        return Undetermined("nobody, or everybody, has the outcome in the data to tune with")
    boosted = boost(rows, outcomes, (encoding.rows(stop.table), stop.outcomes), settings)
    calibration = calibrate(boosted.trees.scores(encoding.rows(fit.table)), fit.outcomes, asked)
    model = Propensity(encoding=encoding, trees=boosted.trees, calibration=calibration)
    return _judged(model, boosted, (rows, outcomes), test)


def _judged(model: Propensity, boosted: Boosted, seen: tuple[Floats, Rows], test: Sample) -> Learned | Undetermined:
    if not len(test.outcomes):
        return Undetermined("nobody is left to test on")
    names = model.encoding.names
    rows = model.encoding.rows(test.table)
    place, sign = _best_single(*seen)
    return Learned(
        model=model, rounds=boosted.rounds, learned_from=len(seen[1]), learned_positives=int(seen[1].sum()),
        area=area(model.trees.scores(rows), test.outcomes),
        reliability=reliability(model.calibration.apply(model.trees.scores(rows)), test.outcomes),
        simplest=names[place], simplest_area=area(_ordered(sign * rows[:, place]), test.outcomes),
        influences=influences(boosted, names),
    )  # fmt: skip


def influences(boosted: Boosted, names: Sequence[str]) -> tuple[Influence, ...]:
    """Return the features that the trees look at, those that brought most gain first."""
    order = np.argsort(-boosted.gains, kind="stable")
    return tuple(Influence(feature=names[one], share=float(boosted.gains[one])) for one in order if boosted.gains[one] > 0)  # fmt: skip


def _best_single(rows: Floats, outcomes: Rows) -> tuple[int, float]:
    """Return the column that ranks best by itself, and in which direction."""
    best, found = 0.0, (0, 1.0)
    for place in range(rows.shape[1]):
        told = area(_ordered(rows[:, place]), outcomes)
        if isinstance(told, Area) and abs(told.value - 0.5) > best:
            best, found = abs(told.value - 0.5), (place, 1.0 if told.value > 0.5 else -1.0)
    return found


def _ordered(values: Floats) -> Floats:
    """Return values that can be ranked: missing ones lie in the middle."""
    missing = np.isnan(values)
    return np.where(missing, np.median(values[~missing]) if not missing.all() else 0.0, values)


def words(learned: Learned) -> list[str]:
    """Return what a person should be warned of before the model is believed."""
    said: list[str] = []
    told, simple = learned.area, learned.simplest_area
    if isinstance(told, Undetermined):
        said.append(f"how well it ranks cannot be said: {told.reason}")
    elif told.low <= 0.5:
        said.append(
            f"on later data it may rank no better than chance (AUC {told.value:.3f}, from {told.low:.3f} to {told.high:.3f})"
        )
    elif isinstance(simple, Area) and simple.value >= told.low:
        said.append(
            f"it hardly ranks better than {learned.simplest} alone (AUC {told.value:.3f} against {simple.value:.3f})"
        )
    held = learned.reliability
    if held.ece > 0.05:
        said.append(
            f"its probabilities are off by {held.ece:.1%} on average: it says {held.predicted:.1%}, and {held.observed:.1%} happened"
        )
    if held.brier > held.brier_of_base:
        said.append("saying the mean to everybody would have been nearer to what happened")
    return said
