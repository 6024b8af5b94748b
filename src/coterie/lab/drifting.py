"""Histories of customers' features with known truth: stationary, or with one planted shift from a window on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias, get_args

import numpy as np
from msgspec import Struct

from coterie.clusters.labels import Ints
from coterie.features.table import Column, FeatureTable, Floats, Texts

Shift: TypeAlias = Literal["sizes", "level", "spread", "new_group", "migration", "outcome"]
SHIFTS: tuple[Shift, ...] = get_args(Shift)
DAY_US = 86_400_000_000
WINDOW_DAYS = 30
FEATURES = ("recency_days", "orders", "spend", "visits")


class Kinds(Struct, frozen=True, kw_only=True):
    """Kinds of customers: means and spreads of the logarithms of their features (k, 4), shares (k,), and shares that convert (k,)."""

    means: Floats
    spreads: Floats
    shares: Floats
    converting: Floats


class Month(Struct, frozen=True, kw_only=True):
    """One window: the features of its customers, who of them converted, and of which kind each truly is."""

    table: FeatureTable
    converted: Floats
    kinds: Texts


def kinds_of(rng: np.random.Generator, k: int = 4) -> Kinds:
    """Return kinds that lie at least three spreads apart, with shares of a tenth or more."""
    while True:
        means = rng.uniform(0.5, 5.5, (k, len(FEATURES)))
        spreads = rng.uniform(0.25, 0.45, (k, len(FEATURES)))
        apart = [np.linalg.norm((means[i] - means[j]) / 0.45) for i in range(k) for j in range(i)]
        if min(apart) > 6.0:
            break
    shares = 0.1 + (1.0 - 0.1 * k) * rng.dirichlet(np.full(k, 3.0))
    return Kinds(means=means, spreads=spreads, shares=shares, converting=rng.uniform(0.05, 0.5, k))


def history(seed: int, shift: Shift | None = None, windows: int = 7, shifted_from: int = 3) -> Iterator[Month]:
    """Yield ``windows`` months of 500 to 3,000 customers. With ``shift`` the world is another from month ``shifted_from`` on.

    From half to nearly all customers stay what they are from month to month, nobody's features stay the same, and some come and go.
    """
    rng = np.random.default_rng(seed)
    people, kinds, moving = int(rng.integers(500, 3000)), kinds_of(rng), rng.uniform(0.05, 0.5)
    k = len(kinds.shares)
    truth = rng.choice(k, people, p=kinds.shares)
    for month in range(windows):
        there = shift if shift is not None and month >= shifted_from else None
        if month:
            moved = rng.random(people) < (moving + 0.4 if there == "migration" else moving)
            truth[moved] = rng.choice(k, int(moved.sum()), p=_shares(kinds, there))
            if there == "sizes" and month == shifted_from:
                truth = rng.choice(k, people, p=_shares(kinds, there))
        yield _month(rng, kinds, truth, there, month)


def _shares(kinds: Kinds, shift: Shift | None) -> Floats:
    return np.roll(np.sort(kinds.shares), 2)[np.argsort(np.argsort(kinds.shares))] if shift == "sizes" else kinds.shares


def _month(rng: np.random.Generator, kinds: Kinds, truth: Ints, shift: Shift | None, month: int) -> Month:
    means, spreads, converting = kinds.means.copy(), kinds.spreads.copy(), kinds.converting.copy()
    if shift == "level":
        means[:, 2] += 0.7
        means[:, 1] += 0.5
    if shift == "spread":
        spreads *= 2.0
    if shift == "outcome":
        converting = np.where(converting > 0.25, converting / 2.0, converting * 2.0)
    logs = rng.normal(means[truth], spreads[truth])
    if shift == "new_group":
        strangers = rng.random(len(truth)) < 0.2
        logs[strangers] = rng.normal(_elsewhere(kinds), 0.3, (int(strangers.sum()), len(FEATURES)))
    converted = rng.random(len(truth)) < converting[truth]
    present = rng.random(len(truth)) < 0.95
    names = np.array([f"c{one:05}" for one in range(len(truth))], object)[present]
    columns = tuple(Column(name=name, values=np.exp(logs[present, place])) for place, name in enumerate(FEATURES))
    table = FeatureTable(profiles=names, columns=columns, at=(month + 1) * WINDOW_DAYS * DAY_US, feature_set="drifting")
    kind_names = np.array([f"kind-{one}" for one in truth], object)[present]
    return Month(table=table, converted=converted[present].astype(np.float64), kinds=kind_names)


def _elsewhere(kinds: Kinds) -> Floats:
    """Return a place far from every kind: the corner of the space that is farthest from the nearest of them."""
    corners = np.array(np.meshgrid(*[[0.0, 7.0]] * len(FEATURES))).reshape(len(FEATURES), -1).T
    nearest = np.linalg.norm(corners[:, None, :] - kinds.means[None, :, :], axis=2).min(axis=1)
    farthest: Floats = corners[int(np.argmax(nearest))]
    return farthest
