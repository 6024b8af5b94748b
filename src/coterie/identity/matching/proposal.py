"""A proposed match: two profiles, how probable it is that they are one person, and what speaks for and against it."""

from __future__ import annotations

import hashlib

from msgspec import Struct


class Step(Struct, frozen=True):
    """What one comparison adds to the weight. Weight is in bits: one bit more is twice the odds."""

    field: str
    one: str
    other: str
    finding: str
    weight: float


class Proposal(Struct, frozen=True):
    """``survivor`` and ``loser`` are the profiles as they would be merged; ``steps`` sum up to ``weight``, the prior first."""

    id: str
    survivor: str
    loser: str
    probability: float
    weight: float
    steps: tuple[Step, ...]

    def text(self) -> str:
        """Return the waterfall as lines: where the weight starts, what each comparison adds, where it ends."""
        lines = [f"{self.survivor} and {self.loser}: {self.probability:.2%} the same person"]
        total = 0.0
        for step in self.steps:
            total += step.weight
            values = f"{step.one or '—'} / {step.other or '—'}" if step.one or step.other else ""
            lines.append(f"  {step.weight:+7.2f}  {step.field:<12} {step.finding:<28} {values}".rstrip())
        lines.append(f"  {total:+7.2f}  altogether, in bits: odds of {_odds(total)}")
        return "\n".join(lines)


def proposal_id(one: str, other: str) -> str:
    """Return the id of a pair, whichever is named first.

    >>> proposal_id("a", "b") == proposal_id("b", "a")
    True
    """
    first, second = sorted((one, other))
    return hashlib.blake2b(f"{first}\n{second}".encode(), digest_size=8).hexdigest()


def _odds(weight: float) -> str:
    return f"{2 ** min(weight, 60):,.0f} to 1" if weight >= 0 else f"1 to {2 ** min(-weight, 60):,.0f}"
