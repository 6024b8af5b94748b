"""Votes: the k that each criterion would take on its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from coterie.clusters.choice.report import Estimate, Score, Stability
from coterie.errors import not_installed
from coterie.model import Undetermined

STABLE, FINE = 0.8, 0.9
"""Mean stability under which a k is warned of, and from which parts of a continuum are taken to be reproducible."""
SLICES_MAX = 8


def number(one: float | Estimate | Stability | Undetermined) -> float | None:
    """Return the number of a criterion, or None when it could not be said."""
    if isinstance(one, Undetermined):
        return None
    return one.value if isinstance(one, Estimate) else one.mean if isinstance(one, Stability) else one


def votes(scores: Sequence[Score], gap: int | None, separation: int | None) -> dict[str, int]:
    """Return criterion → k, for the criteria that say something."""
    found: dict[str, int | None] = {
        "elbow": elbow([one.k for one in scores], [one.inertia for one in scores]),
        "silhouette": _best(scores, lambda one: number(one.silhouette)),
        "davies_bouldin": _best(scores, lambda one: None if (told := number(one.davies_bouldin)) is None else -told),
        "calinski_harabasz": _best(scores, lambda one: number(one.calinski_harabasz)),
        "gap": gap,
        "stability": _best(scores, lambda one: number(one.stability)),
        "separation": separation,
    }
    return {name: k for name, k in found.items() if k is not None}


def elbow(ks: Sequence[int], inertias: Sequence[float]) -> int | None:
    """Return where the curve of the inertia bends, None when it does not. Raises: Problem without kneed.

    Source: Satopää, Albrecht, Irwin and Raghavan (2011), Finding a "kneedle" in a haystack.
    """
    try:
        from kneed import KneeLocator
    except ModuleNotFoundError as error:
        raise not_installed("the elbow", "learning") from error
    if len(ks) < 4:
        return None
    found = KneeLocator(list(ks), list(inertias), curve="convex", direction="decreasing").knee
    return None if found is None else int(found)


def slices(scores: Sequence[Score]) -> int:
    """Return the finest parts that come out the same again: mean stability of .9, else of .8, up to 8; else the fewest."""
    for bound in (FINE, STABLE):
        fine = [one.k for one in scores if one.k <= SLICES_MAX and (number(one.stability) or 0.0) >= bound]
        if fine:
            return max(fine)
    return scores[0].k


def _best(scores: Sequence[Score], key: Callable[[Score], float | None]) -> int | None:
    told = [(value, -one.k) for one in scores if (value := key(one)) is not None]
    return -max(told)[1] if told else None
