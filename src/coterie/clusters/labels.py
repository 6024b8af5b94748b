"""Clusterings: who is in which cluster after a fit, and the rule by which anybody else is put into one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol, TypeAlias, get_args

import numpy as np
from msgspec import Struct, convert

from coterie.errors import Problem
from coterie.learned.artefact import Array
from coterie.model import Undetermined

Floats: TypeAlias = "np.ndarray[tuple[int, ...], np.dtype[np.float64]]"
Ints: TypeAlias = "np.ndarray[tuple[int, ...], np.dtype[np.int64]]"
Metric: TypeAlias = Literal["euclidean", "manhattan", "gaussian"]
NOISE = -1
"""The label of those who are in no cluster."""
NO_MIXTURE = Undetermined("this algorithm is no mixture")


class Rule(Struct, frozen=True, kw_only=True):
    """Where somebody with the prepared features ``x`` (d,) belongs; every algorithm leaves one of these.

    Before anything else ``x`` is multiplied by ``scales``; ``centres`` are in that scaled space.

    - ``euclidean``: the centre with the smallest ‖x − c‖. Means of k-means; prototypes of k-prototypes, whose categories are one-hot
      columns scaled by √(γ/2), so that one difference of category costs γ.
    - ``manhattan``: the centre with the smallest Σ|x − c|. Medoids under Gower's distance, with ``scales`` of 1/(range · features).
    - ``gaussian``: the component with the largest log w − ½ log|Σ| − ½ (x − c)ᵀ Σ⁻¹ (x − c).

    Somebody farther than ``reach`` from the centre chosen (in the metric; for ``gaussian`` Mahalanobis) is in no cluster.
    Of equals the lowest number wins.
    """

    metric: Metric = "euclidean"
    centres: Floats
    """(k, d)"""
    scales: Floats
    """(d,)"""
    reach: Floats
    """(k,); infinite where the algorithm knows no noise."""
    weights: Floats | None = None
    """(k,) shares of the components of a mixture."""
    whitening: Floats | None = None
    """(k, d, d) lower-triangular L⁻¹ of Σ = L Lᵀ, so that (x − c)ᵀ Σ⁻¹ (x − c) = ‖L⁻¹ (x − c)‖² and −½ log|Σ| = Σ log diag(L⁻¹)."""

    @property
    def k(self) -> int:
        return len(self.centres)

    def only(self, cluster: int) -> Rule:
        """Return the rule of one cluster alone, without a reach: everybody is in it, at their distance from it."""
        kept = slice(cluster, cluster + 1)
        return Rule(
            metric=self.metric, centres=self.centres[kept], scales=self.scales, reach=np.full(1, np.inf),
            weights=None if self.weights is None else np.ones(1),
            whitening=None if self.whitening is None else self.whitening[kept],
        )  # fmt: skip

    def offsets(self) -> Floats:
        """Return log w − ½ log|Σ| of each component of a mixture, (k,); zeros for the other metrics."""
        if self.weights is None or self.whitening is None:
            return np.zeros(self.k)
        diagonals: Floats = np.diagonal(self.whitening, axis1=1, axis2=2)
        offsets: Floats = np.log(self.weights) + np.log(diagonals).sum(axis=1)
        return offsets

    def parameters(self) -> dict[str, Any]:
        """Return the rule as plain data for an artefact."""
        kept = {name: getattr(self, name) for name in ("centres", "scales", "reach", "weights", "whitening")}
        return {"metric": self.metric} | {name: Array.of(each) for name, each in kept.items() if each is not None}

    @classmethod
    def read(cls, parameters: Mapping[str, Any]) -> Rule:
        """Return the rule of an artefact's plain data; arrays are ``Array`` or the plain data of one. Raises: msgspec.ValidationError, and Problem
        for arrays that do not fit one another: the kernel reads them without looking at their ends."""
        arrays = {
            name: (each if isinstance(each, Array) else convert(each, Array)).numpy()
            for name, each in parameters.items()
            if name != "metric"
        }
        rule = cls(metric=parameters.get("metric", "euclidean"), **arrays)
        k, d = rule.centres.shape if rule.centres.ndim == 2 else (0, 0)
        is_mixture = rule.metric == "gaussian"
        wanted = {"scales": (d,), "reach": (k,), "weights": (k,), "whitening": (k, d, d)}
        whole = {name for name in wanted if is_mixture or name in ("scales", "reach")}
        held = {name: one.shape for name in wanted if (one := getattr(rule, name)) is not None}
        if not k or whole - held.keys() or any(held[name] != wanted[name] for name in held):
            raise Problem("no rule", where="rule", received=f"{rule.metric}, {k} centres of {d} numbers, {held}")
        if rule.metric not in get_args(Metric) or any(one.dtype != np.float64 for one in arrays.values()):
            raise Problem("no rule", where="rule", received=str(rule.metric), allowed=", ".join(get_args(Metric)))
        return rule


class Dendrogram(Struct, frozen=True, kw_only=True):
    """The tree of a hierarchical clustering over its leaves: people, or groups of people made first by k-means.

    ``merges`` (m − 1, 4) are rows of (left, right, height, people), numbered as SciPy does: leaves 0 … m − 1, the i-th merge m + i.
    """

    merges: Floats
    leaf_sizes: Ints
    """(m,) people in each leaf."""


class Clustering(Struct, frozen=True, kw_only=True):
    """What a fit found. Clusters are numbered by falling size, of equals by their centres: the same data give the same numbers."""

    algorithm: str
    k: int
    """Clusters found; may differ from what was asked for (density-based ones find their own number)."""
    labels: Ints
    """(n,) the cluster of each row, −1: none."""
    sizes: Ints
    """(k,)"""
    rule: Rule
    inertia: float
    """Σ squared distance of each member to its centre, in the rule's metric (Gower: Σ distance)."""
    seed: int = 0
    iterations: int = 0
    converged: bool = True
    settings: dict[str, float | int | str] = {}
    """What the algorithm was told or chose for itself: starts, eps, min_people, γ, covariance…"""
    log_likelihood: float | Undetermined = NO_MIXTURE
    """Per person, for mixtures."""
    dendrogram: Dendrogram | None = None

    @property
    def centres(self) -> Floats:
        """(k, d), in the space of the rule (multiplied by ``rule.scales``)."""
        return self.rule.centres

    @property
    def noise(self) -> int:
        """How many are in no cluster."""
        return int(len(self.labels) - self.sizes.sum())

    def parameters(self) -> dict[str, Any]:
        """Return everything but who is where, as plain data for an artefact."""
        return {
            "algorithm": self.algorithm,
            "k": self.k,
            "sizes": Array.of(self.sizes),
            "inertia": self.inertia,
            "seed": self.seed,
            "iterations": self.iterations,
            "converged": self.converged,
            "settings": dict(self.settings),
            "rule": self.rule.parameters(),
        }


class Algorithm(Protocol):
    """A way of clustering a prepared (n, d) matrix without missing values."""

    def __call__(self, matrix: Floats, k: int, seed: int) -> Clustering:
        """Return the clustering into ``k`` (a hint where the algorithm finds its own number). Raises: Problem."""
        ...
