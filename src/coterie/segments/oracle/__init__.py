"""The oracle: what a definition means, in plain Python over the raw records of one profile. Slow and obvious.

It shares no evaluation with the other readers: only the core nodes, ``holds``, the summaries and the calendar. So their
agreement with it is a proof.
"""

from __future__ import annotations

from coterie.segments.oracle.evaluate import evaluate, measure, next_change
from coterie.segments.oracle.facts import Facts, Record
from coterie.segments.oracle.history import Knowledge
from coterie.segments.oracle.log import LeafVerdict, Oracle, Verdict

__all__ = ["Facts", "Knowledge", "LeafVerdict", "Oracle", "Record", "Verdict", "evaluate", "measure", "next_change"]
