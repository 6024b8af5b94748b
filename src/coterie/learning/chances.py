"""``Propensity`` and ``Lookalike``: how probable an outcome is, and who resembles a group; probabilities that were checked on data not seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from coterie.errors import Problem
from coterie.learning.estimator import Estimator
from coterie.learning.frames import given, truths
from coterie.model import Undetermined
from coterie.value.boosting import Settings
from coterie.value.history import Floats
from coterie.value.likeness import resemble
from coterie.value.probability import Asked
from coterie.value.propensity import Propensity as Model
from coterie.value.propensity import Sample, learn

INSTANTS_MIN = 3
"""One to learn from, one to tune and calibrate with, one to test on."""


class _Chances(Estimator):
    """What both have: probabilities of a fitted model."""

    def predict_proba(self, X: Any) -> Floats:  # noqa: N803
        """Return (n, 2) float64: the probability that it is not so, and that it is."""
        model: Model = self._fitted("model_")
        chances = model.chances(given(X).table)
        return np.column_stack([1.0 - chances, chances])

    def predict(self, X: Any) -> Any:  # noqa: N803
        """Return whether it is more probable than not, (n,) bool."""
        return self.predict_proba(X)[:, 1] > 0.5

    def transform(self, X: Any) -> Any:  # noqa: N803
        """Return (profile,) probability of each row."""
        return given(X).back({"probability": self.predict_proba(X)[:, 1]})


class Propensity(_Chances):
    """Gradient boosting of an outcome that lies in the future of each row's instant; tested on the latest instant, calibrated on the
    one before, learned from all earlier ones.

    After ``fit``: ``area_`` (ROC AUC of the test with its interval), ``reliability_``, ``influences_``.
    """

    def __init__(
        self,
        *,
        columns: Sequence[str] | None = None,
        calibration: Asked = "auto",
        positives_min: int = 50,
        trees: int = 300,
        leaves: int = 15,
        learning_rate: float = 0.05,
        seed: int = 0,
    ) -> None:
        self.columns, self.calibration, self.positives_min = columns, calibration, positives_min
        self.trees, self.leaves, self.learning_rate, self.seed = trees, leaves, learning_rate, seed

    def fit(self, X: Any, y: Any, instants: Any) -> Propensity:  # noqa: N803
        """Return the estimator; ``instants`` (n,) says as of when each row was measured: at least three different ones.

        There is no split by chance: it would tell of the past what the past knew already. Raises: Problem when too few rows have the
        outcome, or lack it.
        """
        rows = given(X)
        outcomes = truths(y, len(rows.table))
        when = np.asarray(instants.to_numpy() if hasattr(instants, "to_numpy") else instants)
        if when.shape != outcomes.shape:
            raise Problem("another length than there are rows", where="instants", received=list(when.shape))
        known = np.unique(when)
        if len(known) < INSTANTS_MIN:
            raise Problem("too few instants to learn, tune and test", where="instants", received=len(known), allowed=f"at least {INSTANTS_MIN}")  # fmt: skip
        samples = [Sample(table=rows.table.only(when == at), outcomes=outcomes[when == at]) for at in known]
        settings = Settings(trees=self.trees, leaves=self.leaves, learning_rate=self.learning_rate, seed=self.seed)
        found = learn(
            samples[:-2], samples[-2], samples[-1], settings,
            asked=self.calibration, positives_min=self.positives_min, columns=self.columns,
        )  # fmt: skip
        if isinstance(found, Undetermined):
            raise Problem("nothing can be learned", where="y", received=found.reason)
        self.model_, self.area_, self.reliability_ = found.model, found.area, found.reliability
        self.influences_ = {one.feature: one.share for one in found.influences}
        return self


class Lookalike(_Chances):
    """Who resembles the rows that are members: judged by a model that did not learn from them.

    After ``fit``: ``area_`` (how well members are told from others, each judged unseen), ``reliability_``, ``influences_``.
    """

    def __init__(
        self,
        *,
        columns: Sequence[str] | None = None,
        members_min: int = 50,
        trees: int = 300,
        leaves: int = 15,
        learning_rate: float = 0.05,
        seed: int = 0,
    ) -> None:
        self.columns, self.members_min = columns, members_min
        self.trees, self.leaves, self.learning_rate, self.seed = trees, leaves, learning_rate, seed

    def fit(self, X: Any, y: Any) -> Lookalike:  # noqa: N803
        """Return the estimator; ``y`` (n,) says who is a member. Raises: Problem with too few members, or others."""
        rows = given(X)
        settings = Settings(trees=self.trees, leaves=self.leaves, learning_rate=self.learning_rate, seed=self.seed)
        members = truths(y, len(rows.table))
        found = resemble(rows.table, members, settings, members_min=self.members_min, columns=self.columns)
        if isinstance(found, Undetermined):
            raise Problem("nothing can be learned", where="y", received=found.reason)
        self.model_, self.area_, self.reliability_ = found.model, found.area, found.reliability
        self.influences_ = {one.feature: one.share for one in found.influences}
        return self
