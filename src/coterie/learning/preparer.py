"""``Preparer``: features become numbers that can be compared, by a recipe that is fitted once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from coterie.features.preparation import Preparation, Recipe, fit
from coterie.learning.estimator import Estimator
from coterie.learning.frames import given
from coterie.segments.parse.folder import form_of


def recipe_of(told: Recipe | Mapping[str, Any] | None) -> Recipe:
    """Return the recipe that ``prepare:`` of a model would be. Raises: InvalidDefinition with every problem."""
    if isinstance(told, Recipe):
        return told
    return form_of(Recipe, dict(told or {}), "recipe")


class Preparer(Estimator):
    """Fills, bounds, bends, scales and encodes columns. ``recipe``: as ``prepare:`` of a model, such as ``{"transform": "log1p"}``.

    After ``fit``: ``preparation_``, ``feature_names_out_``, ``left_out_`` (name, reason).
    """

    def __init__(
        self,
        recipe: Recipe | Mapping[str, Any] | None = None,
        *,
        columns: Sequence[str] | None = None,
        seed: int = 0,
    ) -> None:
        self.recipe, self.columns, self.seed = recipe, columns, seed

    def fit(self, X: Any, y: Any = None) -> Preparer:  # noqa: N803
        """Return the estimator with what it learned of ``X``: medians, bounds, scales, levels. Raises: InvalidDefinition, Problem."""
        table = given(X).table
        self.preparation_: Preparation = fit(table, recipe_of(self.recipe), self.seed, self.columns)
        self.feature_names_out_ = self.preparation_.names
        self.left_out_ = tuple((one.name, one.reason) for one in self.preparation_.left_out)
        return self

    def transform(self, X: Any) -> Any:  # noqa: N803
        """Return the numbers of each row; NaN in every place of a row that must not be filled. The same bits for a row, however many come."""
        preparation: Preparation = self._fitted("preparation_")
        rows = given(X)
        made = preparation.apply(rows.table)
        return rows.back({name: made[:, place] for place, name in enumerate(preparation.names)})

    def fit_transform(self, X: Any, y: Any = None) -> Any:  # noqa: N803
        """Return ``fit(X).transform(X)``."""
        return self.fit(X).transform(X)
