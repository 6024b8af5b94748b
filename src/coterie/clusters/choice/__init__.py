"""Choice of k: every criterion side by side, a test whether there are groups at all, a recommendation in words."""

from coterie.clusters.choice.choosing import choose
from coterie.clusters.choice.report import Choice, Estimate, Score, Stability, Structure

__all__ = ["Choice", "Estimate", "Score", "Stability", "Structure", "choose"]
