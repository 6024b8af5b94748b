"""What each cluster is: differences with intervals, typical and border members, a short rule, and a name."""

from __future__ import annotations

from coterie.clusters.explanation.explain import explain_clusters
from coterie.clusters.explanation.facts import (
    Bound,
    Difference,
    Explained,
    Explanation,
    Fidelity,
    Member,
    ShortRule,
)

__all__ = ["Bound", "Difference", "Explained", "Explanation", "Fidelity", "Member", "ShortRule", "explain_clusters"]
