"""All stages of a project, in their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from coterie.intake.stage import Incoming, Passed, Refused, Remark, Stage


class Intake(Struct, frozen=True):
    """Stages in the order in which they are applied; without any, events go on untouched at no cost."""

    stages: tuple[Stage, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.stages)

    def bars_fact(self, profile: str, properties: Mapping[str, object]) -> bool:
        """Return whether a record that Coterie itself would write names somebody who is not to come back."""
        tests = (getattr(stage, "bars_fact", None) for stage in self.stages)
        return any(test is not None and test(profile, properties) for test in tests)

    def take(self, events: Sequence[Incoming], source: str, at: int) -> Passed:
        """Return what becomes of ``events``: each stage sees those that the one before let pass."""
        refused: list[Refused] = []
        remarks: list[Remark] = []
        dropped = 0
        for stage in self.stages:
            if not events:
                break
            passed = stage.apply(events, source, at)
            events = passed.events
            refused += passed.refused
            remarks += passed.remarks
            dropped += passed.dropped
        return Passed(events, refused, remarks, dropped)
