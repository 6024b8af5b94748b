"""The events of a sequence."""

from __future__ import annotations

from typing import Annotated, ClassVar

from coterie.limits import DEFAULT
from coterie.segments import core
from coterie.segments.conditions.form import Flaw, Form
from coterie.segments.conditions.picker import Picker
from coterie.segments.conditions.words import Doc, Duration
from coterie.segments.durations import says, us_of


class Picked(Form, frozen=True, kw_only=True):
    """Events in a place of their own."""

    spread: ClassVar[bool] = False

    picker: Picker


class Step(Form, frozen=True, kw_only=True):
    """One event of a sequence."""

    picker: Picker
    within: Annotated[Duration | None, Doc("At most so long after the step before; any time after when not said.")] = (
        None
    )


def steps_of(steps: tuple[Step, ...], time_zone: str) -> tuple[core.Step, ...]:
    return tuple(
        core.Step(step.picker.selector(time_zone), None if step.within is None else us_of(step.within))
        for step in steps
    )


def says_steps(steps: tuple[Step, ...]) -> str:
    """Return ``a, then b within 3 days``."""
    said = [f"{step.picker.says()}{f' within {says(step.within)}' if step.within else ''}" for step in steps]
    return ", then ".join(said)


def steps_flaws(steps: tuple[Step, ...] | None, in_last: str | None) -> list[Flaw]:
    """Return everything that is wrong with the steps of one sequence."""
    flaws: list[Flaw] = []
    if steps is not None and len(steps) > DEFAULT.sequence_steps_max:
        flaws.append(Flaw("too many steps", "steps", len(steps), f"at most {DEFAULT.sequence_steps_max}"))
    for number, step in enumerate(steps or ()):
        where = f"steps[{number}].within"
        if step.within is not None and number == 0:
            flaws.append(Flaw("the first step has no step before it", where, step.within, "in_last, for all steps"))
        elif step.within is not None and in_last is not None and us_of(step.within) > us_of(in_last):
            flaws.append(Flaw("longer than the window of the whole sequence", where, step.within, f"at most {in_last}"))
    return flaws
