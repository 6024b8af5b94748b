"""Governance of a project: its rules in force and tried out, and the catalogue of its fields."""
