"""The tracking plan: which events a project expects, with which properties, and what becomes of those that break it."""
