"""What holds a trigger back: a filter, consent, caps, quiet hours, a held-out share, re-entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, ClassVar, Literal

from coterie.model import Value
from coterie.segments.conditions.form import Check, Choice, Flaw, Form
from coterie.segments.conditions.speech import listed, times
from coterie.segments.conditions.words import Doc, Duration, ListKey, Salt, SegmentKey, number, salt_hint, whole
from coterie.segments.durations import says
from coterie.triggers.words import TimeOfDay, minute_of


class Filter(Form, frozen=True, kw_only=True):
    """Of whom it is about: members and non-members of segments, at the instant and again when it is sent."""

    choices: ClassVar[tuple[Choice, ...]] = (Choice((("in_segment",), ("not_in_segment",)), least=1, most=2),)

    in_segment: Annotated[SegmentKey | tuple[SegmentKey, ...] | None, Doc("In this segment, or in all of these.")] = (
        None
    )
    not_in_segment: Annotated[
        SegmentKey | tuple[SegmentKey, ...] | None, Doc("Not in this segment, or in none of these.")
    ] = None

    @property
    def wanted(self) -> tuple[str, ...]:
        return _keys(self.in_segment)

    @property
    def unwanted(self) -> tuple[str, ...]:
        return _keys(self.not_in_segment)

    def passes(self, is_in: Callable[[str], bool]) -> bool:
        """Return whether somebody passes, of whom ``is_in`` tells the segments."""
        return all(is_in(key) for key in self.wanted) and not any(is_in(key) for key in self.unwanted)

    def says(self) -> str:
        said = [f"in {listed(self.wanted, 'and')}"] if self.wanted else []
        said += [f"not in {listed(self.unwanted, 'or')}"] if self.unwanted else []
        return listed(said, "and")


def _keys(written: str | tuple[str, ...] | None) -> tuple[str, ...]:
    return (written,) if isinstance(written, str) else written or ()


class Consent(Form, frozen=True, kw_only=True):
    """To what the person has to consent, as the condition `consented` means it."""

    purpose: Annotated[ListKey, Doc("The purpose, such as marketing: the trait `consent.<purpose>`.")]
    default: Annotated[
        Literal["in", "out"], Doc("`in`: consents until withdrawn. `out`, when not said: only when given.")
    ] = "out"

    def given(self, traits: Mapping[str, Value]) -> bool:
        """Return whether a person with these traits consents."""
        told = traits.get(f"consent.{self.purpose}")
        return told is not False if self.default == "in" else told is True

    def says(self) -> str:
        done = "have not withdrawn" if self.default == "in" else "have given"
        return f"{done} their consent to {self.purpose}"


class Frequency(Form, frozen=True, kw_only=True):
    """How often one person is met."""

    at_most: Annotated[int, whole(1, 1_000), Doc("Runs of one person.")]
    per: Annotated[Duration, Doc("In so long before the instant.")]
    across: Annotated[
        Literal["trigger", "all"],
        Doc("`all`: the runs of all triggers together count, `trigger`, when not said: of this one only."),
    ] = "trigger"

    def says(self) -> str:
        of_all = " together with all other triggers" if self.across == "all" else ""
        return f"at most {times(self.at_most)} in {says(self.per)}{of_all}"


def _hours_last(from_: str, to: str) -> Flaw | None:
    if minute_of(from_) == minute_of(to):
        return Flaw("quiet hours that begin and end at once", "to", received=to, allowed="another time of day")
    return None


class QuietHours(Form, frozen=True, kw_only=True):
    """Hours on the person's clock (trait `time_zone`, else the trigger's, else the project's) in which nothing is sent."""

    checks: ClassVar[tuple[Check, ...]] = (Check(("from_", "to"), _hours_last),)

    from_: Annotated[TimeOfDay, Doc("They begin at this time of day.")]
    to: Annotated[TimeOfDay, Doc("They end at this time of day: the first minute in which it is sent again.")]
    then: Annotated[
        Literal["wait", "drop"], Doc("`wait`, when not said: it is sent when they end. `drop`: it is not sent.")
    ] = "wait"

    def says(self) -> str:
        done = "then it waits for their end" if self.then == "wait" else "then it is dropped"
        return f"not between {self.from_} and {self.to} where they live ({done})"


class Holdout(Form, frozen=True, kw_only=True):
    """A share of people to whom nothing is sent, so that the effect can be told: always the same people."""

    hints: ClassVar[Mapping[str, Callable[[], str]]] = {"salt": salt_hint}

    percent: Annotated[float, number(0, 99.999), Doc("Share of people in per cent.")]
    salt: Annotated[Salt, Doc("Text drawn once; triggers that share it hold out the same people.")]


class Reentry(Form, frozen=True, kw_only=True):
    """When somebody may begin again."""

    after: Annotated[Duration, Doc("Not before so long after the last beginning.")]
