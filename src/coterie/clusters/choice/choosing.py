"""Choosing: how many groups, if any."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from coterie.clusters.choice.report import Choice
from coterie.clusters.labels import Floats
from coterie.errors import Problem

Progress = Callable[[str, float], None]
"""What is being done, in a few words, and how much of everything is done (0 … 1)."""


def choose(
    matrix: Floats,
    *,
    ks: Sequence[int] = range(2, 13),
    algorithm: str = "kmeans",
    seed: int = 0,
    progress: Progress | None = None,
) -> Choice:
    """Return every criterion for every k, whether there are groups at all, and the k to take."""
    raise Problem("the choice is not put together yet", received=(len(matrix), list(ks), algorithm, seed, progress))
