"""What a check found."""

from __future__ import annotations

from msgspec import Struct

from coterie.monitoring.measures import Subject
from coterie.monitoring.terms import Check, Severity, Stage


class Finding(Struct, frozen=True, kw_only=True):
    """Something that is not as it should be, on one day."""

    day: int
    """Days since 1970, in UTC."""
    check: Check
    stage: Stage
    severity: Severity
    event: str = ""
    property: str = ""
    source: str = ""
    measure: str = ""
    says: str = ""
    """One sentence: what, how much, and what is normal."""
    received: float = 0.0
    expected: float = 0.0
    score: float = 0.0
    """How far from normal: robust standard deviations, or how many times the largest distance seen before."""
    rows: float = 0.0
    """Rows that it is about."""
    owner: str = ""
    rule: str = ""
    """Key of the file in ``quality/`` that asked; empty for what is checked without being asked."""

    def subject(self) -> Subject:
        """Return what was measured."""
        return Subject(self.stage, self.event, self.property, self.source, self.measure)


def finding_of(subject: Subject, day: int, check: Check, severity: Severity, says: str, **more: float) -> Finding:
    """Return a finding about a subject."""
    return Finding(
        day=day, check=check, stage=Stage(subject.stage), severity=severity, event=subject.event,
        property=subject.property, source=subject.source, measure=subject.measure, says=says, **more,  # type: ignore[arg-type]
    )  # fmt: skip
