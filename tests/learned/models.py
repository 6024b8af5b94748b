"""Artefacts for tests: small, whole, and about nobody."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from coterie.learned.artefact import Array, Artefact

AT = 1_700_000_000_000_000


def artefact(**changes: Any) -> Artefact:
    """Return a model of two clusters in one feature."""
    told: dict[str, Any] = {
        "kind": "clusters",
        "key": "rfm",
        "fitted_at": AT,
        "as_of": AT,
        "people": 3,
        "definition": {"key": "rfm", "kind": "clusters", "features": "rfm", "k": 2},
        "parameters": {"centres": {"dtype": "<f8", "shape": [2, 1], "data": Array.of(np.array([[0.1], [1 / 3]])).data}},
        "quality": {"silhouette": 0.5, "stability": {"undetermined": "too few people"}},
    }
    return Artefact(**{**told, **changes})


def assignments(*names: str) -> pa.Table:
    """Return who was where: everybody in one cluster."""
    return pa.table({"profile": list(names), "cluster": ["loyal"] * len(names)})
