"""The committed state of a running project: one SQLite file, one module per table."""
