"""What a model of clusters writes about a person, and whether what is written there still holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec import Struct

from coterie.clusters.labels import NOISE, Floats, Ints
from coterie.model import Value
from coterie.segments.core import Equals, Exists, Holds, Trait
from coterie.segments.measures import Measurable
from coterie.values import normal

PREFIXES = ("cluster.", "cluster_distance.", "cluster_version.")
"""What the names of these traits begin with; the model's key follows."""
ANOTHER = -2
"""The place of a cluster that the model does not have: that of an older version."""


class Written(Struct, frozen=True):
    """What is written about people: the place (n,) of their cluster among the model's keys, −1 for none, ``ANOTHER`` for one
    that the model does not know; distance and version (n,), NaN where there is none."""

    places: Ints
    distances: Floats
    versions: Floats


def terms_of(model: str, keys: Sequence[str]) -> tuple[Measurable, ...]:
    """Return the terms by which ``written`` knows what the traits of a model hold."""
    cluster, distance, version = (Trait(prefix + model) for prefix in PREFIXES)
    return (*(Holds(cluster, Equals(key)) for key in keys), Holds(cluster, Exists()), distance, version)


def written(measured: Floats, keys: Sequence[str]) -> Written:
    """Return what the traits hold, from the (n, keys + 3) measures of ``terms_of``."""
    count = len(keys)
    places = np.full(len(measured), NOISE, np.int64)
    places[measured[:, count] > 0] = ANOTHER
    for place in range(count):
        places[measured[:, place] > 0] = place
    return Written(places, measured[:, count + 1], measured[:, count + 2])


def differs(places: Ints, distances: Floats, before: Written, version: int, tolerance: float) -> Any:
    """Return (n,) of bool: about whom something else must be written.

    That is: another cluster, another version, or a distance that moved by more than ``tolerance`` of what is written. Somebody
    of whom the model says nothing and of whom nothing is written needs nothing. Distances are NaN where there is none.
    """
    nothing = (places < 0) & np.isnan(distances)
    blank = (before.places == NOISE) & np.isnan(before.distances)
    moved = ~(np.abs(distances - before.distances) <= tolerance * np.abs(before.distances))
    moved &= ~(np.isnan(distances) & np.isnan(before.distances))
    other = (places != before.places) | (before.versions != version) | moved
    return np.where(nothing, ~blank, other)


def values_of(model: str, keys: Sequence[str], place: int, distance: float, version: int) -> dict[str, Value]:
    """Return the traits of one person; those that there are not are null, which removes them."""
    known = not np.isnan(distance)
    cluster, far, told = (prefix + model for prefix in PREFIXES)
    return {
        cluster: keys[place] if place >= 0 else None,
        far: normal(float(distance)) if known else None,
        told: version,
    }
