"""Scores made probabilities on people that were not learned from, and how far the probabilities can be believed."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from msgspec import Struct

from coterie.errors import not_installed
from coterie.features.table import Rows
from coterie.value.history import Floats
from coterie.value.ranking import NORMAL_95

Method: TypeAlias = Literal["isotonic", "platt", "none"]
Asked: TypeAlias = Literal["isotonic", "platt", "none", "auto"]
ISOTONIC_MIN = 500
"""Cases of either kind from which ``auto`` takes isotonic regression; with fewer its steps would be noise."""
BINS = 10


class Calibration(Struct, frozen=True, kw_only=True):
    """From a score (log-odds) to a probability: a line in log-odds (platt), or steps (isotonic: scores ascending, their values).

    No answer lies nearer to 0 or 1 than ``edge``: nobody is certain.
    """

    method: Method
    slope: float = 1.0
    offset: float = 0.0
    scores: tuple[float, ...] = ()
    values: tuple[float, ...] = ()
    edge: float = 1e-6

    def apply(self, scores: Floats) -> Floats:
        """Return the probability of each score, (n,)."""
        if self.method == "isotonic":
            told: Floats = np.interp(scores, self.scores, self.values)
        else:
            told = 1 / (1 + np.exp(-np.clip(self.slope * scores + self.offset, -700, 700)))
        return np.clip(told, self.edge, 1 - self.edge)


class Bin(Struct, frozen=True, kw_only=True):
    """People with probabilities close to each other: the mean of what was said, the share of what happened with its 95 % interval."""

    people: int
    predicted: float
    observed: float
    low: float
    high: float


class Reliability(Struct, frozen=True, kw_only=True):
    """How far probabilities hold on other people than those they were made on.

    ``ece``: expected calibration error over ten bins of equal size (people of whom the same is said are in one bin); ``brier``: mean squared error; ``brier_of_base``: the same of
    saying the mean to everybody; ``lift``: how much more often the outcome happens in the highest tenth than on average.
    """

    people: int
    positives: int
    predicted: float
    observed: float
    ece: float
    brier: float
    brier_of_base: float
    log_loss: float
    lift: float | None
    bins: tuple[Bin, ...]


def calibrate(scores: Floats, outcomes: Rows, asked: Asked) -> Calibration:
    """Return what makes probabilities of ``scores`` (n,) given ``outcomes`` (n,) of people that were not learned from.

    Source: Platt (1999), with his smoothed targets; Zadrozny and Elkan (2002) for isotonic regression.
    """
    positives, negatives = int(outcomes.sum()), int((~outcomes).sum())
    edge = 1 / (len(scores) + 2)
    method: Method = asked if asked != "auto" else "isotonic" if min(positives, negatives) >= ISOTONIC_MIN else "platt"
    if method == "none" or min(positives, negatives) == 0:
        return Calibration(method="none", edge=edge)
    if method == "platt":
        slope, offset = _line(scores, outcomes, positives, negatives)
        return Calibration(method=method, slope=slope, offset=offset, edge=edge)
    try:
        from sklearn.isotonic import IsotonicRegression
    except ModuleNotFoundError as error:
        raise not_installed("isotonic calibration", "learning") from error
    found = IsotonicRegression(out_of_bounds="clip").fit(scores, outcomes.astype(float))
    return Calibration(
        method=method, scores=tuple(found.X_thresholds_.tolist()), values=tuple(found.y_thresholds_.tolist()), edge=edge
    )


def reliability(probabilities: Floats, outcomes: Rows) -> Reliability:
    """Return how far ``probabilities`` (n,) hold against ``outcomes`` (n,). Raises: ValueError for nobody."""
    if not len(probabilities):
        raise ValueError("reliability needs people")
    happened = outcomes.astype(float)
    base = float(happened.mean())
    tenth = _tenths(probabilities)
    bins = tuple(_bin(probabilities[tenth == one], happened[tenth == one]) for one in np.unique(tenth))
    said = np.where(outcomes, probabilities, 1 - probabilities)
    return Reliability(
        people=len(happened), positives=int(outcomes.sum()), predicted=float(probabilities.mean()), observed=base,
        ece=float(sum(one.people * abs(one.predicted - one.observed) for one in bins) / len(happened)),
        brier=float(((probabilities - happened) ** 2).mean()), brier_of_base=base * (1 - base),
        log_loss=float(-np.log(said).mean()), lift=bins[-1].observed / base if base else None, bins=bins,
    )  # fmt: skip


def _tenths(probabilities: Floats) -> Floats:
    """Return the bin of each, (n,), by where the middle of its equals lies: the order of the people makes no difference."""
    _, place, counts = np.unique(probabilities, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - counts / 2
    tenths: Floats = np.floor(middle[place] * BINS / len(probabilities))
    return tenths


def _bin(probabilities: Floats, happened: Floats) -> Bin:
    """Return a bin with Wilson's interval."""
    people, share = len(happened), float(happened.mean())
    squared = NORMAL_95**2 / people
    centre = (share + squared / 2) / (1 + squared)
    reach = NORMAL_95 / (1 + squared) * np.sqrt(share * (1 - share) / people + squared / (4 * people))
    low, high = float(max(centre - reach, 0.0)), float(min(centre + reach, 1.0))
    return Bin(people=people, predicted=float(probabilities.mean()), observed=share, low=low, high=high)


def _line(scores: Floats, outcomes: Rows, positives: int, negatives: int) -> tuple[float, float]:
    """Return slope and offset of maximum likelihood for smoothed targets, by Newton steps that are halved until they help.

    A slope is never below 0: few people can suggest one, and probabilities would then contradict the order of the scores, of which the area is told. All
    get the mean instead.
    """
    target = np.where(outcomes, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    design = np.stack([scores, np.ones(len(scores))])
    point = np.array([0.0, np.log((positives + 1) / (negatives + 1))])

    def loss(at: Floats) -> float:
        z = at @ design
        return float((np.logaddexp(0, z) - target * z).sum())

    for _ in range(100):
        chance = 1 / (1 + np.exp(-np.clip(point @ design, -700, 700)))
        gradient = design @ (chance - target)
        hessian = (design * (chance * (1 - chance))) @ design.T + 1e-10 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        now, share = loss(point), 1.0
        while loss(point - share * step) > now and share > 1e-8:
            share /= 2
        point = point - share * step
        if np.abs(share * step).max() < 1e-10:
            break
    if point[0] <= 0.0:
        return 0.0, float(np.log(target.mean() / (1 - target.mean())))
    return float(point[0]), float(point[1])
