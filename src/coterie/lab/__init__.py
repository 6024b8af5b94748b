"""A simulated shop with known truth: documentation, tests, benchmarks and the demo use it."""

from coterie.lab.shop import Shop

__all__ = ["Shop"]
