"""The same cluster keeps its key over refits: matching by members and centres; what persists, splits, merges, is born and dies is said."""

from __future__ import annotations

from coterie.clusters.identity.matching import match_clusters
from coterie.clusters.identity.outcome import Kept, Matching, Merge, Side, Split, side_of

__all__ = ["Kept", "Matching", "Merge", "Side", "Split", "match_clusters", "side_of"]
