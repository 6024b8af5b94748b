"""Validity of a clustering: whether the frozen model still describes the people, asked in three ways."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from coterie.model import Undetermined
from coterie.monitoring.drift.bins import Floats

UNMEASURED = Undetermined("the fit did not measure its stability")
FAR_QUANTILE = 0.99
"""Whoever is farther from the centre than this share was at the fit is far."""


class Fitted(Struct, frozen=True, kw_only=True):
    """What a fit remembers so that its validity can be asked later: mean squared distance to the centre, and the far distance."""

    mean_squared: float
    far: float

    @classmethod
    def of(cls, distances: Floats) -> Fitted:
        """Return what the distances (n,) of the fit's people to their centres come to; n ≥ 1."""
        known = distances[np.isfinite(distances)]
        return cls(mean_squared=float(np.mean(known**2)), far=float(np.quantile(known, FAR_QUANTILE)))


class Validity(Struct, frozen=True, kw_only=True):
    """``agreement``: adjusted Rand index of the frozen assignment and a fresh fit's. ``inertia_ratio``: mean squared distance now over
    that of the fit. ``far_share``: share of people farther from their centre than 99 % were at the fit."""

    people: int
    agreement: float | Undetermined
    inertia_ratio: float | Undetermined
    far_share: float | Undetermined
    noise_floor: float | Undetermined = UNMEASURED
    """Agreement of the fit with itself on bootstrap samples: less cannot be asked of two fits."""


def validity(
    fitted: Fitted,
    distances: Floats,
    agreement: float | Undetermined,
    noise_floor: float | Undetermined = UNMEASURED,
) -> Validity:
    """Return how well the frozen model fits people at these distances (n,) from their centres."""
    known = distances[np.isfinite(distances)]
    if not known.size:
        nothing = Undetermined("nobody could be assigned")
        return Validity(
            people=len(distances),
            agreement=agreement,
            inertia_ratio=nothing,
            far_share=nothing,
            noise_floor=noise_floor,
        )
    ratio = float(np.mean(known**2)) / fitted.mean_squared if fitted.mean_squared > 0.0 else None
    return Validity(
        people=len(distances),
        agreement=agreement,
        inertia_ratio=Undetermined("all were at their centres at the fit") if ratio is None else ratio,
        far_share=float(np.mean(known > fitted.far)),
        noise_floor=noise_floor,
    )
