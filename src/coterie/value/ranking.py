"""How well scores rank: the area under the curve with its interval, honest where there are too few cases."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from coterie.errors import not_installed
from coterie.features.table import Rows
from coterie.model import Undetermined
from coterie.value.history import Floats

CASES_MIN = 10
"""With fewer of either kind an area is not told: its interval would be a guess."""
NORMAL_95 = 1.959963984540054


class Area(Struct, frozen=True, kw_only=True):
    """The probability that somebody with the outcome is ranked above somebody without it, its standard error and 95 % interval."""

    value: float
    error: float
    low: float
    high: float
    positives: int
    negatives: int


def area(scores: Floats, outcomes: Rows) -> Area | Undetermined:
    """Return the area under the ROC curve of ``scores`` (n,) for ``outcomes`` (n,) bool; ties count half.

    The variance is DeLong's, the interval is taken on the logit, so that it stays inside (0, 1). Undetermined with fewer than
    ``CASES_MIN`` of either kind, or when the two kinds do not overlap at all. Cost: three sorts.
    Source: DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44(3); Sun and Xu (2014), IEEE SPL 21(11), algorithm 2.
    """
    outcomes = np.asarray(outcomes, bool)
    positives, negatives = int(outcomes.sum()), int((~outcomes).sum())
    if min(positives, negatives) < CASES_MIN:
        return Undetermined(
            f"{positives} with the outcome and {negatives} without: at least {CASES_MIN} of each are needed"
        )
    above, below = scores[outcomes], scores[~outcomes]
    whole = _midranks(np.concatenate([above, below]))
    ranks = whole[:positives]
    value = float((ranks.sum() - positives * (positives + 1) / 2) / (positives * negatives))
    of_positive = (ranks - _midranks(above)) / negatives
    of_negative = 1 - (whole[positives:] - _midranks(below)) / positives
    variance = float(of_positive.var(ddof=1) / positives + of_negative.var(ddof=1) / negatives)
    if variance <= 0 or not 0 < value < 1:
        return Undetermined(
            "everybody with the outcome is ranked on one side of everybody without it: no interval can be said"
        )
    error = float(np.sqrt(variance))
    centre, reach = np.log(value / (1 - value)), NORMAL_95 * error / (value * (1 - value))
    low, high = (float(1 / (1 + np.exp(-(centre + side * reach)))) for side in (-1, 1))
    return Area(value=value, error=error, low=low, high=high, positives=positives, negatives=negatives)


def _midranks(values: Floats) -> Floats:
    try:
        from scipy.stats import rankdata
    except ModuleNotFoundError as error:
        raise not_installed("judging scores", "learning") from error
    ranks: Floats = rankdata(values)
    return ranks
