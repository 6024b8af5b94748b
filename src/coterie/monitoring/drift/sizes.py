"""Drift of sizes: how the shares of the segments among the people have changed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from msgspec import Struct

from coterie.model import Undetermined
from coterie.monitoring.drift.chance import population_stability_chance
from coterie.monitoring.drift.distances import population_stability


class SizeDrift(Struct, frozen=True, kw_only=True):
    """``psi`` of the shares; ``chance`` is what two samples of unchanged shares rarely exceed. Counts are (before, now)."""

    counts: dict[str, tuple[int, int]]
    psi: float | Undetermined
    chance: float
    bound: float

    @property
    def is_beyond(self) -> bool:
        """Return whether the shares moved by more than the bound, and by more than chance."""
        return not isinstance(self.psi, Undetermined) and self.psi > max(self.bound, self.chance)

    def shares(self) -> dict[str, tuple[float, float]]:
        """Return (share before, share now) of every segment."""
        whole = [max(1, sum(pair[side] for pair in self.counts.values())) for side in (0, 1)]
        return {key: (before / whole[0], now / whole[1]) for key, (before, now) in self.counts.items()}


def size_drift(before: Mapping[str, int], now: Mapping[str, int], bound: float) -> SizeDrift:
    """Return the drift of the sizes of segments that divide the people among themselves; a segment that is missing has nobody."""
    keys = sorted(before.keys() | now.keys())
    counts = {key: (before.get(key, 0), now.get(key, 0)) for key in keys}
    wholes = [sum(pair[side] for pair in counts.values()) for side in (0, 1)]
    if not all(wholes) or len(keys) < 2:
        reason = "nobody is in any of them on one side" if not all(wholes) else "one segment alone has no shares"
        return SizeDrift(counts=counts, psi=Undetermined(reason), chance=0.0, bound=bound)
    p, q = (np.array([counts[key][side] / wholes[side] for key in keys]) for side in (0, 1))
    chance = population_stability_chance(len(keys), *wholes)
    return SizeDrift(counts=counts, psi=population_stability(p, q), chance=chance, bound=bound)
