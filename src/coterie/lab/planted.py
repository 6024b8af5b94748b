"""Shops with planted groups of customers, of shapes that are hard in different ways, and shops without any."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from coterie.clusters.labels import Floats, Ints

SHAPES = ("round", "unequal", "elongated", "density", "correlated", "loud", "heavy", "everything")
PIECES = ("uniform", "gaussian", "correlated", "lognormal", "skewed", "disc", "exponential", "heavy")
GAP = 5.5
"""Smallest distance of two centres, in standard deviations of a round group."""


class Planted(Struct, frozen=True, kw_only=True):
    """Customers as standardised features (n, d), the group of each (n,), and how the groups were made."""

    shape: str
    k: int
    matrix: Floats
    truth: Ints


def planted(number: int, seed: int = 0) -> Planted:
    """Return the shop of that number: 2 to 9 groups of 1,500 to 4,000 customers in 3 to 8 features, in turn

    round; of unequal size (down to an eighth of the average); elongated, each in another direction; of differing density; all
    correlated alike; among features that tell nothing; with heavy tails (Student's t with 4 degrees); of unequal size, density and
    among a feature that tells nothing, all at once.
    """
    rng = np.random.default_rng((seed, number))
    shape, k = SHAPES[number % len(SHAPES)], 2 + number * 3 % 8
    width, n = int(rng.integers(3, 7)), int(rng.integers(1500, 4000))
    shares = np.geomspace(1, 0.15, k) if shape in ("unequal", "everything") else rng.dirichlet(np.full(k, 20.0))
    truth = rng.choice(k, n, p=shares / shares.sum()).astype(np.int64)
    own = rng.standard_t(4, (n, width)) / np.sqrt(2) if shape == "heavy" else rng.normal(size=(n, width))
    if shape == "elongated":
        wide = np.geomspace(2.5, 0.6, width)
        turned = np.array([_rotation(rng, width) for _ in range(k)])
        matrix = _centres(rng, k, width, 1.7 * GAP)[truth] + np.einsum("nd,nde->ne", own * wide, turned[truth])
    elif shape == "correlated":
        matrix = _centres(rng, k, width, 1.4 * GAP)[truth] + (own * np.geomspace(2, 0.5, width)) @ _rotation(rng, width)
    elif shape in ("density", "everything"):
        wide = rng.permutation(np.geomspace(0.5, 1.6, k))
        matrix = _centres(rng, k, width, 1.35 * GAP)[truth] + own * wide[truth][:, None]
    else:
        matrix = _centres(rng, k, width, GAP)[truth] + own
    loud = {"loud": 2, "everything": 1}.get(shape, 0)
    matrix = np.column_stack([matrix, rng.normal(size=(n, loud)) * matrix.std(axis=0).mean()])
    return Planted(shape=shape, k=k, matrix=_standard(matrix), truth=truth)


def one_piece(number: int, seed: int = 0, shape: str = "") -> Planted:
    """Return a shop of 1,500 to 4,000 customers in 2 to 8 features without groups: of the shape, or of each shape in turn."""
    rng = np.random.default_rng((seed, number, 99))
    n, width = int(rng.integers(1500, 4000)), int(rng.integers(2, 9))
    shape = shape or PIECES[number % len(PIECES)]
    normal = rng.normal(size=(n, width))
    mixing = rng.normal(size=(width, width))
    if shape == "uniform":
        matrix = rng.random((n, width))
    elif shape == "correlated":
        matrix = normal @ mixing
    elif shape == "lognormal":
        matrix = np.exp(normal)
    elif shape == "skewed":
        matrix = rng.gamma(2, size=(n, width)) @ np.abs(mixing)
    elif shape == "disc":
        angle, radius = rng.uniform(0, 2 * np.pi, n), np.sqrt(rng.random(n))
        matrix = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    elif shape == "exponential":
        matrix = rng.exponential(size=(n, width))
    elif shape == "heavy":
        matrix = rng.standard_t(4, (n, width))
    else:
        matrix = normal
    return Planted(shape=shape, k=1, matrix=_standard(matrix), truth=np.zeros(n, np.int64))


def _standard(matrix: Floats) -> Floats:
    standard: Floats = (matrix - matrix.mean(axis=0)) / matrix.std(axis=0)
    return standard


def _rotation(rng: np.random.Generator, width: int) -> Floats:
    return np.linalg.qr(rng.normal(size=(width, width)))[0]


def _centres(rng: np.random.Generator, k: int, width: int, gap: float) -> Floats:
    """Return centres drawn ever wider apart until none is nearer to another than ``gap``."""
    wide = 0.5 * gap
    while True:
        for _ in range(20):
            centres = rng.normal(0, wide, (k, width))
            apart = np.sqrt(((centres[:, None] - centres[None, :]) ** 2).sum(axis=2))
            np.fill_diagonal(apart, np.inf)
            if apart.min() >= gap:
                return centres
        wide *= 1.06
