"""Measures of the lake by DuckDB, and the book in which they and the findings are kept."""
