"""Two samples as shares of the same bins, which every distance of shares compares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from coterie.errors import Problem

Floats: TypeAlias = "np.ndarray[tuple[int, ...], np.dtype[np.float64]]"
DECILES = 10
FLOOR = 1e-4
"""What an empty bin counts as where a logarithm is taken."""


def quantile_edges(reference: Floats, bins: int = DECILES) -> Floats:
    """Return the edges (bins − 1,) between equal shares of the reference; those that coincide are one.

    The first and last bin are open, so that nothing of the present falls outside.
    """
    _some(reference, "reference")
    inner = np.unique(np.quantile(reference, np.linspace(0.0, 1.0, bins + 1)))
    return inner[1:-1]


def sturges_edges(reference: Floats, current: Floats) -> Floats:
    """Return inner edges of bins of equal width over both samples, as many as Sturges' rule says.

    Source: Sturges 1926, "The choice of a class interval", J. Am. Stat. Assoc. 21.
    """
    both = np.concatenate([_some(reference, "reference"), _some(current, "current")])
    return np.histogram_bin_edges(both, bins="sturges")[1:-1]


def binned(values: Floats, edges: Floats) -> Floats:
    """Return the shares (len(edges) + 1,) of the bins; a value on an edge belongs to the bin above, on the last edge below infinity."""
    counts = np.bincount(np.searchsorted(edges, _some(values, "values"), side="right"), minlength=len(edges) + 1)
    return counts / len(values)


def counted(reference: Sequence[str | None], current: Sequence[str | None]) -> tuple[Floats, Floats, tuple[str, ...]]:
    """Return the shares of every category in both samples, and the categories in order; a missing one is a category of its own, ""."""
    _some(np.asarray(reference, object), "reference")
    _some(np.asarray(current, object), "current")
    names = sorted({one or "" for one in reference} | {one or "" for one in current})
    places = {name: place for place, name in enumerate(names)}
    shares = [
        np.bincount([places[one or ""] for one in sample], minlength=len(names)) / len(sample)
        for sample in (reference, current)
    ]
    return shares[0], shares[1], tuple(names)


def _some(values: Floats, where: str) -> Floats:
    if not len(values):
        raise Problem("there is nothing to compare", where=where, received="no values", allowed="at least one")
    return values
