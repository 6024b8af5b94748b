"""Algorithms: each one file that turns a matrix into a clustering with a rule for everybody else."""

from coterie.clusters.algorithms.fitting import ALGORITHMS, fit

__all__ = ["ALGORITHMS", "fit"]
