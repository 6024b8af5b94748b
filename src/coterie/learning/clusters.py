"""``Clusters``: people who are alike, found, explained and assigned; the code that models of a project run through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from coterie.clusters.fitted import FittedClusters, Group
from coterie.clusters.labels import NOISE, Clustering, Floats, Ints
from coterie.clusters.naming import key_of
from coterie.errors import Problem
from coterie.features.preparation import Recipe, fit
from coterie.learning.estimator import Estimator
from coterie.learning.frames import Given, given
from coterie.learning.preparer import recipe_of

if TYPE_CHECKING:
    from coterie.clusters.choice import Choice
    from coterie.clusters.explanation.facts import Explanation

Algorithm: TypeAlias = Literal["kmeans", "hierarchical", "dbscan", "hdbscan", "gaussian", "kprototypes", "gower"]


class Clusters(Estimator):
    """Groups of rows that are alike. ``k``: how many, or ``auto``; ``settings``: of the algorithm, such as ``{"starts": 10}``.

    After ``fit``: ``labels_`` (n,) int64, −1 for none; ``keys_``, a stable text for each cluster; ``inertia_``; ``cluster_centers_``
    in prepared units; ``explanation_``; ``choice_`` (every criterion for every k) where ``k`` was ``auto``; ``warnings_``.
    """

    def __init__(
        self,
        k: int | Literal["auto"] = "auto",
        *,
        algorithm: Algorithm = "kmeans",
        prepare: Recipe | Mapping[str, Any] | None = None,
        columns: Sequence[str] | None = None,
        k_range: tuple[int, int] = (2, 12),
        settings: Mapping[str, Any] | None = None,
        worth: str | None = None,
        seed: int = 0,
    ) -> None:
        self.k, self.algorithm, self.prepare, self.columns = k, algorithm, prepare, columns
        self.k_range, self.settings, self.worth, self.seed = k_range, settings, worth, seed

    def fit(self, X: Any, y: Any = None) -> Clusters:  # noqa: N803
        """Return the estimator with the clusters of ``X``. The same rows and seed give the same clusters. Raises: Problem."""
        rows = given(X)
        preparation = fit(rows.table, recipe_of(self.prepare), self.seed, self.columns)
        inside = preparation.inside(rows.table)
        matrix = preparation.apply(rows.table)[inside]
        if not len(matrix):
            raise Problem("no row to learn from", where="X", received=len(rows.table))
        clustering = self._clustered(matrix)
        people = rows.table.only(inside)
        explanation = self._explained(people, matrix, clustering)
        taken: set[str] = set()
        groups: list[Group] = []
        for one in explanation.clusters:
            key = key_of(one.name, taken)
            taken.add(key)
            groups.append(Group(key=key, title=one.name, size=one.size))
        self.model_ = FittedClusters(preparation=preparation, rule=clustering.rule, groups=tuple(groups))
        self.explanation_, self.keys_, self.inertia_ = explanation, self.model_.keys, clustering.inertia
        self.cluster_centers_: Floats = clustering.rule.centres
        self.labels_, self.distances_ = self.model_.assign_table(rows.table)
        self.n_features_in_ = len(rows.table.columns)
        return self

    def predict(self, X: Any) -> Ints:  # noqa: N803
        """Return the cluster of each row (n,), −1 for none: by the same kernel that a server runs on every event."""
        return self._assigned(given(X))[0]

    def fit_predict(self, X: Any, y: Any = None) -> Ints:  # noqa: N803
        """Return ``fit(X).labels_``."""
        return self.fit(X).labels_

    def transform(self, X: Any) -> Any:  # noqa: N803
        """Return (profile,) cluster, distance of each row: the stable key, and how far from its centre; null for none."""
        rows = given(X)
        labels, distances = self._assigned(rows)
        if isinstance(rows.like, np.ndarray):
            return np.where(labels == NOISE, np.nan, distances)[:, None]
        keys = [*self.keys_, None]
        told = np.where(labels == NOISE, np.nan, distances)
        return rows.back({"cluster": [keys[label] for label in labels.tolist()], "distance": told})

    def fit_transform(self, X: Any, y: Any = None) -> Any:  # noqa: N803
        """Return ``fit(X).transform(X)``."""
        return self.fit(X).transform(X)

    def says(self) -> str:
        """Return each cluster in a sentence."""
        explanation: Explanation = self._fitted("explanation_")
        return "\n".join(one.says for one in explanation.clusters)

    def _assigned(self, rows: Given) -> tuple[Ints, Floats]:
        model: FittedClusters = self._fitted("model_")
        return model.assign_table(rows.table)

    def _clustered(self, matrix: Floats) -> Clustering:
        from coterie.clusters.algorithms import fit as clustered

        self.choice_: Choice | None = None
        self.warnings_: tuple[str, ...] = ()
        if self.k == "auto" and self.algorithm not in ("dbscan", "hdbscan"):
            from coterie.clusters.choice import choose

            least, most = self.k_range
            self.choice_ = choose(
                matrix, ks=range(least, min(most, len(matrix) - 1) + 1), algorithm=self.algorithm, seed=self.seed
            )
            self.warnings_ = self.choice_.warnings
            return self.choice_.clustering
        k = 0 if self.k == "auto" else self.k  # density finds the number itself
        return clustered(matrix, self.algorithm, k, self.seed, **dict(self.settings or {}))

    def _explained(self, people: Any, matrix: Floats, clustering: Clustering) -> Explanation:
        from coterie.clusters.explanation.explain import explain_clusters

        worth = None if self.worth is None else people.numbers([self.worth])[:, 0]
        return explain_clusters(people, matrix, clustering, worth, seed=self.seed)
