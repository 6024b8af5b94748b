"""Pictures of what was learned: charts as data that a page draws and that become PNG files, without any network."""

from __future__ import annotations

from coterie.engine.learning.pictures.picture import Picture, bundle, png

__all__ = ["Picture", "bundle", "png"]
