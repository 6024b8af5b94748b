"""Algorithms: each one file that turns a matrix into a clustering with a rule for everybody else."""
