"""Membership changes of the live reader as rows for the commit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from coterie.segments.live import Changes
from coterie.segments.live.intake import CAUSES
from coterie.storage.state.changes import Moved

_DIRECTIONS = ("exited", "entered")


def rows_of(found: Changes, ids: Sequence[str] = (), at: Any = ()) -> list[Moved]:
    """Return the changes as rows; ``ids`` are those of the rows of the log at the positions ``at``. Cost: about 1 µs each."""
    if not len(found):
        return []
    segments = found.segment.tolist()
    positions = found.position.tolist()
    rows = np.searchsorted(at, found.position).tolist()
    text_of = found.profiles.texts.__getitem__
    return list(
        zip(
            map(found.keys.__getitem__, segments),
            map(found.versions.__getitem__, segments),
            map(text_of, found.row.tolist()),
            map(_DIRECTIONS.__getitem__, found.entered.tolist()),
            found.at.tolist(),
            map(CAUSES.__getitem__, found.cause.tolist()),
            ["" if place < 0 else ids[row] for place, row in zip(positions, rows, strict=True)],
            positions,
            strict=True,
        )
    )
