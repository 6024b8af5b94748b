"""Who is typical of a cluster, and who is on its border, in the space that the clustering was made in."""

from __future__ import annotations

import numpy as np

from coterie.clusters.explanation.facts import Member
from coterie.clusters.labels import Clustering, Ints, Rule
from coterie.features.table import Floats, Texts

CHUNK = 65_536
"""Rows whose distances to all centres are held at once."""


def distances(rule: Rule, matrix: Floats) -> Floats:
    """Return the distance of each row to each centre, (n, k), in the metric of the rule; for mixtures the Mahalanobis distance.

    Cost: O(n · k · d) time, n · k numbers.
    """
    scaled = matrix * rule.scales
    found = np.empty((len(matrix), rule.k))
    for start in range(0, len(matrix), CHUNK):
        rows = scaled[start : start + CHUNK]
        for number in range(rule.k):
            offset = rows - rule.centres[number]
            if rule.metric == "manhattan":
                found[start : start + CHUNK, number] = np.abs(offset).sum(axis=1)
                continue
            if rule.metric == "gaussian" and rule.whitening is not None:
                offset = np.einsum("nd,ed->ne", offset, rule.whitening[number])
            found[start : start + CHUNK, number] = np.sqrt((offset**2).sum(axis=1))
    return found


def outstanding(
    profiles: Texts, clustering: Clustering, apart: Floats, count: int
) -> tuple[list[tuple[Member, ...]], list[tuple[Member, ...]]]:  # fmt: skip
    """Return, per cluster, its ``count`` most typical members (nearest to the centre) and its ``count`` border members (least margin).

    ``apart`` are the ``distances`` (n, k). With a single cluster there is no border. Of equals the first by profile.
    """
    typical: list[tuple[Member, ...]] = []
    border: list[tuple[Member, ...]] = []
    for cluster in range(clustering.k):
        rows = np.flatnonzero(clustering.labels == cluster)
        own = apart[rows, cluster]
        nearest = rows[np.argsort(own, kind="stable")[:count]]
        typical.append(_members(profiles, apart, nearest, cluster))
        margins = _margins(apart[rows], cluster)
        edge = rows[np.argsort(margins, kind="stable")[:count]] if clustering.k > 1 else rows[:0]
        border.append(_members(profiles, apart, edge, cluster))
    return typical, border


def _margins(apart: Floats, cluster: int) -> Floats:
    """Return by how much the nearest other centre is farther than the own one."""
    others = apart.copy()
    others[:, cluster] = np.inf
    margins: Floats = others.min(axis=1) - apart[:, cluster]
    return margins


def _members(profiles: Texts, apart: Floats, rows: Ints, cluster: int) -> tuple[Member, ...]:
    members = []
    for row in rows:
        others = apart[row].copy()
        others[cluster] = np.inf
        neighbour = int(np.argmin(others)) if len(others) > 1 else cluster
        margin = float(others[neighbour] - apart[row, cluster]) if len(others) > 1 else 0.0
        members.append(
            Member(profile=str(profiles[row]), distance=float(apart[row, cluster]), neighbour=neighbour, margin=margin)
        )
    return tuple(members)
