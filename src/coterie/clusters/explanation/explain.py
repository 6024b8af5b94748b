"""A clustering explained: every cluster's size, worth, differences, outstanding members, rule and name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from coterie.clusters.explanation.bounds import figure, spoken
from coterie.clusters.explanation.differences import compare_clusters
from coterie.clusters.explanation.facts import Difference, Explained, Explanation, ShortRule
from coterie.clusters.explanation.members import distances, outstanding
from coterie.clusters.explanation.rules import rule_of
from coterie.clusters.labels import Clustering
from coterie.clusters.naming import key_of, name_clusters
from coterie.errors import Problem
from coterie.features.table import FeatureTable, Floats
from coterie.model import Undetermined

MEMBERS = 5
"""Typical and border members that are told of each cluster."""
TOLD = 4
"""Differences in the paragraph of a cluster."""
IN_SHORT, NO_RULE = "In short:", "No short rule:"
"""Words that begin the last sentence of a cluster's paragraph."""
TELLING_MIN = 0.05
"""How far ``exceeds`` is from 0.5 for a difference to be in the paragraph."""


def explain_clusters(
    table: FeatureTable,
    matrix: Floats,
    clustering: Clustering,
    revenue: Floats | None = None,
    *,
    rule_columns: Sequence[str] | None = None,
    members: int = MEMBERS,
    noun: str = "customers",
    seed: int = 0,
) -> Explanation:
    """Return what each cluster is. Rows of ``table``, of the prepared ``matrix`` (n, d) and of ``clustering.labels`` are the same people in one order.

    ``revenue`` (n,) is what each brought in (NaN: not known, counts as nothing); without it worth is ``Undetermined``. ``rule_columns`` are the features that rules
    may use (all when left out): name those that can be written as conditions, so that the rule can be saved as a segment. The same data and seed give the same
    explanation. Cost: O(n log n) per feature, and trees on at most 20,000 people. Raises: Problem when lengths differ.
    """
    _check(table, matrix, clustering, revenue)
    differences = compare_clusters(table, clustering.labels, clustering.k)
    names = name_clusters(differences, noun)
    typical, border = outstanding(table.profiles, clustering, distances(clustering.rule, matrix), members)
    columns = tuple(table.names if rule_columns is None else rule_columns)
    worth = _worth(clustering, revenue)
    explained: list[Explained] = []
    for cluster in range(clustering.k):
        is_in = clustering.labels == cluster
        size, share = int(is_in.sum()), float(is_in.mean()) if len(is_in) else 0.0
        rule = rule_of(table, columns, is_in, seed)
        key = key_of(names[cluster], {one.key for one in explained})
        explained.append(
            Explained(
                cluster=cluster, key=key, name=names[cluster], size=size, share=share,
                says=_says(size, share, worth[cluster][1], differences[cluster], rule, noun),
                revenue=worth[cluster][0], revenue_share=worth[cluster][1], differences=differences[cluster],
                typical=typical[cluster], border=border[cluster], rule=rule,
            )
        )  # fmt: skip
    return Explanation(
        clusters=tuple(explained),
        people=len(table),
        noise=int((clustering.labels < 0).sum()),
        columns=table.names,
        rule_columns=columns,
    )


def _check(table: FeatureTable, matrix: Floats, clustering: Clustering, revenue: Floats | None) -> None:
    lengths = {"matrix": len(matrix), "labels": len(clustering.labels)}
    lengths |= {} if revenue is None else {"revenue": len(revenue)}
    for name, length in lengths.items():
        if length != len(table):
            raise Problem("not the people of the table", where=name, received=length, allowed=f"{len(table)} rows")


def _worth(clustering: Clustering, revenue: Floats | None) -> list[tuple[float | Undetermined, float | Undetermined]]:
    """Return the revenue of each cluster, and its share of everybody's."""
    if revenue is None:
        unknown = Undetermined("no revenue was named")
        return [(unknown, unknown)] * clustering.k
    known = np.where(np.isnan(revenue), 0.0, revenue)
    whole = float(known.sum())
    sums = [float(known[clustering.labels == cluster].sum()) for cluster in range(clustering.k)]
    if whole <= 0:
        return [(one, Undetermined("there is no revenue")) for one in sums]
    return [(one, one / whole) for one in sums]


def _says(
    size: int, share: float, worth: float | Undetermined, differences: Sequence[Difference], rule: ShortRule | Undetermined, noun: str
) -> str:  # fmt: skip
    """Return a cluster as a paragraph."""
    told = [f"{size:,} {noun} ({share:.1%})"]
    if not isinstance(worth, Undetermined):
        told.append(f"{worth:.1%} of the revenue")
    sentences = [" with ".join(told) + "."]
    telling = [one for one in differences if abs(one.exceeds - 0.5) >= TELLING_MIN][:TOLD]
    if telling:
        sentences.append("Different from the others: " + "; ".join(says_difference(one) for one in telling) + ".")
    if isinstance(rule, ShortRule):
        found = rule.fidelity
        sentences.append(
            f"{IN_SHORT} {rule.says} (this finds {found.recall:.0%} of them, and {found.precision:.0%} of whom it finds are of them)."
        )
    else:
        sentences.append(f"{NO_RULE} {rule.reason}.")
    return " ".join(sentences)


def says_difference(one: Difference) -> str:
    """Return a difference in words, with medians for numbers and shares for levels: ``orders 10 (others 2; more in 96% of pairs, 95% to 97%)``."""
    if one.level is not None:
        return f"{spoken(one.column)} is {one.level} for {one.mean:.0%} (others {one.elsewhere:.0%})"
    unit = f" {one.unit}" if one.unit else ""
    word, pairs, low, high = "more", one.exceeds, one.exceeds_low, one.exceeds_high
    if one.exceeds < 0.5:
        word, pairs, low, high = "less", 1 - one.exceeds, 1 - one.exceeds_high, 1 - one.exceeds_low
    others = f"others {figure(one.median_elsewhere)}; {word} in {pairs:.0%} of pairs, {low:.0%} to {high:.0%}"
    return f"{spoken(one.column)} {figure(one.median)}{unit} ({others})"
