"""Fewer numbers: without those that say the same, or turned to principal components."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from coterie.features.preparation.preparation import LeftOut, Rotation
from coterie.features.table import Floats


def pruned(made: Floats, names: Sequence[str], most: float) -> tuple[list[int], list[LeftOut]]:
    """Return the places of (n, d) numbers that stay, and why the others do not.

    Of two whose correlation (Pearson, of the prepared numbers, either sign) is above ``most`` the later goes. What does not differ
    among these people correlates with nothing. Cost: O(n d²).
    """
    whole = made[np.isfinite(made).all(axis=1)]
    centred = whole - whole.mean(axis=0)
    length = np.sqrt(np.sum(centred**2, axis=0))
    unit = centred / np.where(length > 0, length, 1.0)
    correlations = unit.T @ unit
    kept: list[int] = []
    gone: list[LeftOut] = []
    for place, name in enumerate(names):
        other = max(kept, key=lambda one: (abs(correlations[place, one]), -one), default=None)
        if other is not None and abs(correlations[place, other]) > most:
            gone.append(LeftOut(name, f"correlates {correlations[place, other]:.2f} with {names[other]}"))
        else:
            kept.append(place)
    return kept, gone


def rotated(made: Floats, components: float) -> Rotation:
    """Return the principal components of (n, d) numbers: so many, or, below 1, as many as hold that share of the variance.

    The largest loading of each is positive, so that the same data give the same signs.
    """
    whole = made[np.isfinite(made).all(axis=1)]
    centre = whole.mean(axis=0)
    centred = whole - centre
    variances, axes = np.linalg.eigh(centred.T @ centred / len(whole))
    variances, axes = np.maximum(variances[::-1], 0.0), axes[:, ::-1]
    shares = variances / (variances.sum() or 1.0)
    count = int(components) if components >= 1 else int(np.searchsorted(np.cumsum(shares), components - 1e-12)) + 1
    count = min(count, len(centre))
    axes = axes[:, :count]
    axes = axes * np.where(axes[np.argmax(np.abs(axes), axis=0), range(count)] < 0, -1.0, 1.0)
    return Rotation(
        centre=tuple(centre.tolist()),
        axes=tuple(tuple(row) for row in axes.tolist()),
        shares=tuple(shares[:count].tolist()),
    )
