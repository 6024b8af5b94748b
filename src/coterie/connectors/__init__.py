"""Rooms that bring things in and carry them out: one file per source and destination."""
