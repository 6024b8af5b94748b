"""What of a clustering is drawn, as plain numbers: maps, silhouettes, the upper branches of a tree."""

from __future__ import annotations

from coterie.clusters.pictures.branches import Branches, branches_of
from coterie.clusters.pictures.maps import Map, Method, map_of
from coterie.clusters.pictures.silhouettes import Silhouettes, silhouettes_of

__all__ = ["Branches", "Map", "Method", "Silhouettes", "branches_of", "map_of", "silhouettes_of"]
