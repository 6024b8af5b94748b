"""The live reader: exact membership after every arrival, with columnar state and kernels compiled once."""

from coterie.segments.live.changes import Changes
from coterie.segments.live.reader import Live

__all__ = ["Changes", "Live"]
