"""All stages of a project, in their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter

from msgspec import Struct

from coterie.intake.stage import Incoming, Passed, Refused, Remark, Stage

_given = attrgetter("properties", "identifiers")
"""What stages change of an event: they give it new values and change none in place."""


class Intake(Struct, frozen=True):
    """Stages in the order in which they are applied; without any, events go on untouched at no cost."""

    stages: tuple[Stage, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.stages)

    def bars_fact(self, profile: str, properties: Mapping[str, object]) -> bool:
        """Return whether a record that Coterie itself would write names somebody who is not to come back."""
        tests = (getattr(stage, "bars_fact", None) for stage in self.stages)
        return any(test is not None and test(profile, properties) for test in tests)

    def bars_row(self, text: str) -> bool:
        """Return whether a refused row, as JSON, is of somebody who is not to come back: it goes nowhere, not to quarantine either."""
        tests = (getattr(stage, "bars_row", None) for stage in self.stages)
        return any(test is not None and test(text) for test in tests)

    def take(self, events: Sequence[Incoming], source: str, at: int) -> Passed:
        """Return what becomes of ``events``: each stage sees those that the one before let pass.

        A refused event is as it came, whatever earlier stages made of it: it goes through all of them when it is sent again.
        """
        came = [*map(_given, events)] if len(self.stages) > 1 else ()
        first = events
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
        if refused and came:
            gone = {id(one.event) for one in refused}
            for event, given in zip(first, came, strict=True):
                if id(event) in gone:
                    event.properties, event.identifiers = given
        return Passed(events, refused, remarks, dropped)
