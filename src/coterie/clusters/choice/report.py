"""What is told of a choice of k: every criterion for every k, whether there are groups at all, and which k to take, in words."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from coterie.clusters.labels import Clustering
from coterie.model import Undetermined

Verdict: TypeAlias = Literal["clusters", "no structure"]


class Estimate(Struct, frozen=True, kw_only=True):
    """A number from a sample, with its standard error (0: it was computed from all)."""

    value: float
    error: float = 0.0


class Stability(Struct, frozen=True, kw_only=True):
    """How alike clusterings of resampled customers are: adjusted Rand indices, 1 the same, 0 as by chance."""

    mean: float
    smallest: float
    draws: int


class Score(Struct, frozen=True, kw_only=True):
    """The criteria of one k."""

    k: int
    inertia: float
    silhouette: Estimate | Undetermined
    davies_bouldin: float | Undetermined
    calinski_harabasz: float | Undetermined
    gap: Estimate | Undetermined
    stability: Stability | Undetermined
    separated: float | Undetermined
    """Share of the pairs of neighbouring clusters with a valley between them: 1 when each is a group of its own."""
    smallest: int
    """People in the smallest cluster."""
    holdout: float | Undetermined = Undetermined("not asked for")
    """Inertia per unseen customer over inertia per customer of the fit: 1 when the clusters hold for those who were not there."""


class Structure(Struct, frozen=True, kw_only=True):
    """Whether there are groups at all, and what says so."""

    verdict: Verdict
    reasons: tuple[str, ...]
    hopkins: float | Undetermined
    """Hopkins statistic: about ½ for evenly spread customers, towards 1 for crowded ones (also without groups)."""
    p: float | Undetermined
    """How often data of one piece would show valleys as clear as the clearest that was found."""


class Choice(Struct, frozen=True, kw_only=True):
    """A recommended k, or none, and why."""

    algorithm: str
    scores: tuple[Score, ...]
    """By k, ascending."""
    votes: dict[str, int]
    """Criterion → the k it prefers on its own: elbow, silhouette, davies_bouldin, calinski_harabasz, gap, stability, separation."""
    structure: Structure
    recommended: int | None
    """None when there is no structure."""
    slices: int
    """The k for those who want parts of even a continuum: the most reproducible one that is not trivially coarse."""
    words: str
    warnings: tuple[str, ...]
    clustering: Clustering
    """The fit on everybody at the recommended k, or at ``slices`` when nothing is recommended."""
    people: int
    seed: int

    def at(self, k: int) -> Score:
        """Return the criteria of that k. Raises: KeyError."""
        for score in self.scores:
            if score.k == k:
                return score
        raise KeyError(k)
