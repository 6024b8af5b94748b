"""Probabilistic matching: which profiles are probably one person although no identifier says so. A batch job with Splink."""
