"""Rows of the simulation before they become Arrow: one structured array, so that sorting and carrying over stay simple."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from coterie.lab.catalogue import Kind

FACT = np.dtype(
    [
        ("at", "i8"),  # when it truly happened
        ("received", "i8"),  # when it arrived
        ("serial", "i8"),  # number of the fact: its event id; copies share it
        ("cart", "i8"),  # number of the cart or order, -1
        ("cents", "i8"),
        ("person", "i4"),
        ("product", "i4"),
        ("detail", "i4"),  # path, source, store, coupon, plan … depending on the kind
        ("kind", "i1"),
        ("device", "i1"),
        ("known", "?"),  # told under the person's own id, not under an anonymous one
        ("copy", "?"),  # a repeated delivery
    ]
)
Facts = NDArray[Any]


def empty(count: int = 0) -> Facts:
    """Return ``count`` facts about nothing, to be filled column by column."""
    facts = np.zeros(count, FACT)
    facts["cart"] = facts["product"] = facts["detail"] = -1
    return facts


def facts_of(kind: Kind, person: Any, at: Any, **columns: Any) -> Facts:
    """Return facts of one kind; ``person`` gives the length, other columns may be scalars."""
    facts = empty(len(person))
    facts["kind"], facts["person"], facts["at"] = kind, person, at
    for name, values in columns.items():
        facts[name] = values
    return facts
