"""Tables of made-up people, with everything that a table may hold."""

from __future__ import annotations

from typing import Any

import numpy as np

from coterie.features.table import Column, FeatureTable


def table_of(**columns: Any) -> FeatureTable:
    """Return a table of lists: numbers (``None`` is missing), or texts."""
    made = []
    for name, values in columns.items():
        texts = any(isinstance(one, str) for one in values)
        made.append(
            Column(name=name, kind="category", values=np.array(values, object))
            if texts
            else Column(name=name, values=np.array([np.nan if one is None else one for one in values], np.float64))
        )
    people = np.array([f"p{number:06}" for number in range(len(made[0].values))], object)
    return FeatureTable(profiles=people, columns=tuple(made), at=0)


def shop(people: int = 400, seed: int = 0) -> FeatureTable:
    """Return people with skewed, missing, infinite, negative and constant numbers, and frequent and rare categories."""
    rng = np.random.default_rng(seed)
    spent = rng.lognormal(4, 1.2, people)
    orders = rng.geometric(0.3, people).astype(np.float64)
    balance = rng.normal(0, 10, people)
    age = np.where(rng.random(people) < 0.3, np.nan, rng.normal(40, 12, people))
    ratio = np.where(rng.random(people) < 0.02, np.inf, rng.random(people))
    country = rng.choice(["NO", "SE", "DK", "FI", "IS"], people, p=[0.5, 0.3, 0.15, 0.045, 0.005])
    device = [None if one < 0.1 else "phone" if one < 0.6 else "desktop" for one in rng.random(people)]
    return table_of(
        spent=spent.tolist(), orders=orders.tolist(), balance=balance.tolist(), age=age.tolist(), ratio=ratio.tolist(),
        doubled=(2 * orders + 1).tolist(), same=[7.0] * people, country=country.tolist(), device=device,
    )  # fmt: skip
