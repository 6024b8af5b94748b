"""Rooms that keep things: the event log, quarantine, applied definitions, membership changes. One file per store."""
