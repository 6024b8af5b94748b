"""Checks of a project: measured, judged, validated by rules, told to their owners, and shown as a page."""
