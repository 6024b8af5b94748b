"""Drift of a project: its models and segments as they are now against what they were, and what is done about it."""
