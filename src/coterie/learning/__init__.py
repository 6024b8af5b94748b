"""Learning from data frames: estimators as scikit-learn has them, over the same code that projects use.

Arrow, Polars, pandas or NumPy in, the same kind out. A column ``profile`` says whose row it is; it is given back and never learned from.

>>> from coterie.learning import Clusters
>>> Clusters(k=4).get_params()["k"]
4
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coterie.learning.chances import Lookalike, Propensity
    from coterie.learning.clusters import Clusters
    from coterie.learning.features import Features
    from coterie.learning.preparer import Preparer
    from coterie.learning.worth import CustomerValue, purchases

_HOMES = {
    "Features": "features", "Preparer": "preparer", "Clusters": "clusters", "CustomerValue": "worth",
    "purchases": "worth", "Propensity": "chances", "Lookalike": "chances",
}  # fmt: skip

__all__ = ["Clusters", "CustomerValue", "Features", "Lookalike", "Preparer", "Propensity", "purchases"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"coterie.learning.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'coterie.learning' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
