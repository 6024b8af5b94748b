"""Maps: customers of many features as points of a plane, by principal components, t-SNE or UMAP."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from msgspec import Struct

from coterie.clusters.labels import Ints
from coterie.errors import not_installed
from coterie.features.table import Floats

Method: TypeAlias = Literal["pca", "tsne", "umap"]
POINTS_MAX = 3_000
"""Points on a map: more are neither seen nor sent."""
PERPLEXITY = 30.0
NEIGHBOURS = 15


class Map(Struct, frozen=True, kw_only=True):
    """``points`` (m, 2) of the ``rows`` (m,) of the matrix that were drawn; ``kept``: share of the variance that the plane shows (PCA)."""

    method: Method
    rows: Ints
    points: Floats
    kept: float | None = None


def map_of(matrix: Floats, method: Method = "pca", *, seed: int = 0, points_max: int = POINTS_MAX) -> Map:
    """Return a map of at most ``points_max`` rows, drawn at random by the seed. The same matrix and seed give the same map.

    Only what t-SNE and UMAP put close together means something: distances between far points, sizes and densities do not. Raises: Problem when the
    method's library is not installed. Cost: PCA n · d²; t-SNE some seconds, UMAP some seconds and its compilation.
    Source: van der Maaten, Hinton 2008 (t-SNE); Poličar et al. 2024 (openTSNE); McInnes, Healy, Melville 2018 (UMAP).
    """
    rows = np.arange(len(matrix))
    if len(matrix) > points_max:
        rows = np.sort(np.random.default_rng(seed).choice(len(matrix), points_max, replace=False))
    chosen = np.ascontiguousarray(matrix[rows])
    plane, kept = _principal(matrix, chosen)
    if method == "pca" or len(rows) < 5:
        return Map(method="pca", rows=rows, points=plane, kept=kept)
    return Map(
        method=method, rows=rows, points=_tsne(chosen, plane, seed) if method == "tsne" else _umap(chosen, plane, seed)
    )


def _principal(matrix: Floats, chosen: Floats) -> tuple[Floats, float]:
    """Return the first two principal components of the rows, each turned so that its largest loading is positive."""
    centre = matrix.mean(axis=0)
    spread = matrix - centre
    values, axes = np.linalg.eigh(spread.T @ spread)
    axes, values = axes[:, ::-1][:, :2], np.maximum(values[::-1], 0.0)
    signs = np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    points = (chosen - centre) @ (axes * np.where(signs == 0, 1.0, signs))
    if points.shape[1] < 2:
        points = np.column_stack([points, np.zeros((len(points), 2 - points.shape[1]))])
    whole = float(values.sum())
    return points, float(values[:2].sum() / whole) if whole else 1.0


def _begun(plane: Floats) -> Floats:
    """Return the plane scaled as a beginning for the other methods, so that far groups lie where the components have them."""
    deviation = float(plane[:, 0].std())
    begun: Floats = plane / (deviation or 1.0)
    return begun


def _tsne(chosen: Floats, plane: Floats, seed: int) -> Floats:
    try:
        from openTSNE import TSNE
    except ModuleNotFoundError as error:
        raise not_installed("a t-SNE map", "maps") from error
    perplexity = min(PERPLEXITY, (len(chosen) - 1) / 3)
    made = TSNE(
        perplexity=perplexity, n_jobs=1, random_state=seed, initialization=_begun(plane) * 1e-4, neighbors="exact"
    )
    return np.asarray(made.fit(chosen), np.float64)


def _umap(chosen: Floats, plane: Floats, seed: int) -> Floats:
    try:
        from umap import UMAP
    except ModuleNotFoundError as error:
        raise not_installed("a UMAP map", "maps") from error
    neighbours = min(NEIGHBOURS, len(chosen) - 1)
    made = UMAP(n_neighbors=neighbours, random_state=seed, init=_begun(plane).astype(np.float32) * 10, n_jobs=1)
    return np.asarray(made.fit_transform(chosen), np.float64)
