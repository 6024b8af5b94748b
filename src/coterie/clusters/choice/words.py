"""Words: what a choice of k comes to, for people who do not read indices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from coterie.clusters.choice.report import Score, Structure
from coterie.clusters.choice.votes import STABLE, number

NAMES = {
    "elbow": "the elbow", "silhouette": "the silhouette", "davies_bouldin": "Davies–Bouldin",
    "calinski_harabasz": "Calinski–Harabasz", "gap": "the gap", "stability": "stability", "separation": "the valleys between groups",
}  # fmt: skip
CLEAR = 0.75
SMALL = 0.02
"""Share of the customers under which a cluster is said to be small."""


def recommend(
    structure: Structure, recommended: int | None, slices: int, votes: Mapping[str, int], scores: Sequence[Score]
) -> str:
    """Return the recommendation in a few sentences."""
    by_k = {one.k: one for one in scores}
    if recommended is None:
        stable = number(by_k[slices].stability)
        said = "There is no structure: these customers are a continuum without gaps, and any number of clusters is a decision, not a finding."
        if stable is not None and stable < STABLE:
            return f"{said} Nor does any number of parts come back with other customers like these; {slices} come out {_alike(stable)}."
        told = "" if stable is None else f": {slices} come out {_alike(stable)} with other customers like these"
        return f"{said} If you want parts of it to work with, take few{told}."
    score = by_k[recommended]
    agreeing = [NAMES[name] for name, k in votes.items() if k == recommended and name != "separation"]
    others = sorted({k for name, k in votes.items() if k != recommended})
    first = f"Take {recommended} clusters: {recommended} groups of customers have valleys between them."
    second = (
        f" {_began(_listed(agreeing))} would take {recommended} too"
        if agreeing
        else " No other criterion would take that number"
    )
    if others:
        second += (
            f"; the others prefer {_listed([str(k) for k in others])}, which would put groups together or cut them"
        )
    stable = number(score.stability)
    third = "" if stable is None else f" With other customers like these the clusters come out {_alike(stable)}."
    return first + second + "." + third


def warn(
    structure: Structure,
    k: int,
    recommended: int | None,
    wished: int | None,
    ks: Sequence[int],
    score: Score,
    people: int,
) -> tuple[str, ...]:
    """Return what somebody who uses this k has to know."""
    found = []
    if recommended is None:
        found.append(f"no structure: {k} clusters would be parts of a continuum, whose borders run through crowds")
    stable = number(score.stability)
    if stable is None:
        found.append(f"the stability of {k} clusters could not be measured")
    elif stable < STABLE:
        found.append(
            f"{k} clusters are not stable: mean adjusted Rand index {stable:.2f} over bootstrap samples, under {STABLE}"
        )
    if wished is not None and wished not in ks:
        found.append(f"{wished} groups have valleys between them, but only {min(ks)} to {max(ks)} were looked at")
    elif wished is not None and wished == max(ks):
        found.append(f"there may be more than {wished} groups: {wished} is the largest number that was looked at")
    apart = number(score.separated)
    if wished is not None and k == wished and apart is not None and apart < CLEAR:
        found.append(
            f"there are {wished} groups, but these clusters do not follow all their borders: only {apart:.0%} of neighbours have a valley "
            "between them; try `gaussian`, or leave out features that tell nothing apart"
        )
    unseen = number(score.holdout)
    if unseen is not None and unseen > 1.25:
        found.append(
            f"customers who were not in the fit lie {unseen:.2f} times as far from their centres (squared) as those who were"
        )
    if score.smallest < SMALL * people:
        found.append(f"the smallest cluster has {score.smallest:,} of {people:,} customers")
    return tuple(found)


def _began(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]


def _alike(stable: float) -> str:
    if stable >= 0.95:
        return f"practically the same (mean adjusted Rand index {stable:.2f})"
    if stable >= STABLE:
        return f"much the same (mean adjusted Rand index {stable:.2f})"
    return f"differently (mean adjusted Rand index {stable:.2f})"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
