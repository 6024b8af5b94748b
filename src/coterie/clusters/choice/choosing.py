"""Choosing: how many groups, if any."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from msgspec import structs

from coterie.clusters.algorithms import fit
from coterie.clusters.algorithms.fitting import check
from coterie.clusters.choice import votes, words
from coterie.clusters.choice.gap import first_within, gaps
from coterie.clusters.choice.quick import QUICK, Quick
from coterie.clusters.choice.report import Choice, Estimate, Score, Structure
from coterie.clusters.choice.separation import Separation, evened, number_of_groups, separations
from coterie.clusters.choice.stability import stabilities
from coterie.clusters.labels import Clustering, Floats
from coterie.clusters.sampling import some_rows
from coterie.clusters.validity.compactness import compactness
from coterie.clusters.validity.silhouette import silhouettes
from coterie.errors import Problem
from coterie.features.crowding import hopkins
from coterie.model import Undetermined

Progress = Callable[[str, float], None]
"""What is being done, in a few words, and how much of everything is done (0 … 1)."""
SILHOUETTE_ROWS, SILHOUETTE_DRAWS = 10_000, 5
CERTAIN = 0.001
"""Chance of the clearest valley under which there are groups, over all k that were looked at."""


def choose(
    matrix: Floats,
    *,
    ks: Sequence[int] = range(2, 13),
    algorithm: str = "kmeans",
    seed: int = 0,
    progress: Progress | None = None,
) -> Choice:
    """Return every criterion for every k, whether there are groups at all, and the k to take, for a prepared matrix (n, d).

    Fits, inertia, Davies–Bouldin and Calinski–Harabasz are of everybody; the silhouette of 5 samples of 10,000 (of all when there are
    no more), gap, stability and separation of samples. The k that is recommended is the number of groups with valleys between them
    (see ``separation``); there is no structure when no valley is surer than 1 in 1,000. The other criteria stand beside it: each of
    them names some k for any data, also for data of one piece. Raises: Problem.
    Cost: 1 million × 20, k = 2 … 12: see docs/performance.md. Memory: the matrix, and 8 bytes per customer and k.
    """
    quick = QUICK.get(algorithm)
    if quick is None:
        raise Problem(
            "this algorithm is not told a number of clusters",
            where="algorithm",
            received=algorithm,
            allowed=", ".join(QUICK),
        )
    ks = sorted(set(ks))
    if not ks or ks[0] < 2:
        raise Problem("a range of k from 2 on", where="ks", received=ks, allowed="2 and more")
    check(matrix, ks[-1] + 1)
    if len(matrix) < 4 * ks[-1]:
        raise Problem(
            "too few customers for so many clusters", where="ks", received=ks[-1], allowed=f"up to {len(matrix) // 4}"
        )
    told = progress or _quiet
    fits = []
    for place, k in enumerate(ks):
        told(f"fitting {k} clusters", 0.4 * place / len(ks))
        fits.append(fit(matrix, algorithm, k, seed))
    scores, apart, gap = _scored(matrix, ks, fits, quick, seed, told)
    structure, groups = _structure(matrix, apart, seed)
    recommended = None if groups is None else min(ks, key=lambda k: (abs(k - groups), k))
    slices = votes.slices(scores)
    taken = recommended or slices
    voted = votes.votes(scores, gap, groups)
    score = scores[ks.index(taken)]
    told("done", 1.0)
    return Choice(
        algorithm=algorithm, scores=tuple(scores), votes=voted, structure=structure, recommended=recommended, slices=slices,
        words=words.recommend(structure, recommended, slices, voted, scores),
        warnings=words.warn(structure, taken, recommended, groups, ks, score, len(matrix)),
        clustering=fits[ks.index(taken)], people=len(matrix), seed=seed,
    )  # fmt: skip


def _scored(
    matrix: Floats, ks: list[int], fits: list[Clustering], quick: Quick, seed: int, told: Progress
) -> tuple[list[Score], list[Separation], int | None]:
    tight = [compactness(matrix, one.labels, one.k) for one in fits]
    told("silhouettes", 0.42)
    shapes = _silhouettes(matrix, fits, seed)
    apart = separations(matrix, ks, quick, seed, lambda share: told("valleys between clusters", 0.45 + 0.1 * share))
    every = list(apart)
    if quick.references:
        even = evened(matrix, ks[-1], quick, seed)
        every += separations(
            even, ks, quick, seed, lambda share: told("valleys, features made even", 0.55 + 0.1 * share)
        )
    stable = stabilities(
        matrix, [one.rule for one in fits], quick, seed, lambda share: told("stability", 0.65 + 0.2 * share)
    )
    gap: dict[int, Estimate] = {}
    if quick.references:
        gap = gaps(matrix, ks, quick, seed, lambda share: told("gap", 0.85 + 0.14 * share))
    unsaid = Undetermined("the gap compares distances to means, which this algorithm does not make smaller")
    scores = [
        Score(
            k=k, inertia=one.inertia, silhouette=shapes[place], davies_bouldin=tight[place].davies_bouldin,
            calinski_harabasz=tight[place].calinski_harabasz, gap=gap.get(k, unsaid), stability=stable[place],
            separated=apart[place].apart, smallest=int(one.sizes.min()), holdout=apart[place].unseen,
        )
        for place, (k, one) in enumerate(zip(ks, fits, strict=True))
    ]  # fmt: skip
    preferred = first_within(gap) if gap else None
    return scores, every, preferred if preferred in ks else None


def _silhouettes(matrix: Floats, fits: list[Clustering], seed: int) -> list[Estimate]:
    draws = SILHOUETTE_DRAWS if len(matrix) > SILHOUETTE_ROWS else 1
    means = np.empty((draws, len(fits)))
    scales = fits[0].rule.scales
    for draw in range(draws):
        rows = some_rows(len(matrix), SILHOUETTE_ROWS, (seed, 15, draw))
        each = silhouettes(matrix[rows] * scales, [one.labels[rows] for one in fits])
        means[draw] = [float(np.nanmean(values)) if one.k > 1 else 0.0 for values, one in zip(each, fits, strict=True)]
    errors = means.std(axis=0, ddof=1) / np.sqrt(draws) if draws > 1 else np.zeros(len(fits))
    return [
        Estimate(value=float(value), error=float(error))
        for value, error in zip(means.mean(axis=0), errors, strict=True)
    ]


def _structure(matrix: Floats, apart: list[Separation], seed: int) -> tuple[Structure, int | None]:
    """Return whether there are groups, and how many valleys part."""
    groups = number_of_groups(apart)
    chance = min(1.0, min(one.clearest for one in apart) * len(apart))
    crowded = hopkins(matrix, seed)
    plain = Structure(verdict="no structure", reasons=(), hopkins=crowded, p=chance)
    if groups > 1 and chance < CERTAIN:
        reason = (
            f"between {groups} groups there are valleys with fewer people than on either side, also among customers who had no part in "
            f"the fit; people of one piece show one so clear in less than 1 of {_rounded(1 / chance) if chance else '10^300'} cases"
        )
        return structs.replace(plain, verdict="clusters", reasons=(reason,)), groups
    reasons = [
        f"wherever a line is drawn there are as many people on it as beside it: no number of clusters from {apart[0].k} to {apart[-1].k} "
        f"has a valley that people of one piece would not show in {chance:.0%} of cases"
    ]
    if not isinstance(crowded, Undetermined) and crowded > 0.7:
        reasons.append(f"they are crowded in places (Hopkins {crowded:.2f}), but the crowd is one")
    return structs.replace(plain, reasons=tuple(reasons)), None


def _rounded(number: float) -> str:
    return f"{number:,.0f}" if number < 1e6 else f"10^{int(np.log10(number))}"


def _quiet(doing: str, share: float) -> None:
    """Tell nobody."""
