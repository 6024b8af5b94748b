"""A trigger as it is written, in ``triggers/<key>.yaml``."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from coterie.segments.conditions.form import Check, Choice, Flaw, Form
from coterie.segments.conditions.picker import AnyPicker
from coterie.segments.conditions.words import Doc, Duration, ListKey, Name, Plain, SegmentKey, Text, TimeZone, whole
from coterie.segments.durations import says
from coterie.triggers.gathering import Gather
from coterie.triggers.restraints import Consent, Filter, Frequency, Holdout, QuietHours, Reentry
from coterie.triggers.words import DestinationKey, Share, TriggerKey, percent_of

Causes = Literal["event", "timer", "trait", "late", "merge", "unmerge", "edit", "refresh"]
USUAL_CAUSES: tuple[Causes, ...] = ("event", "timer", "trait", "late", "merge", "refresh")


def _where_needs_event(picker: AnyPicker | None) -> Flaw | None:
    if picker is not None and picker.where is not None and picker.event is None and picker.like is None:
        return Flaw("tests of properties without an event", "where", allowed="event or like beside it")
    return None


class Moment(Form, frozen=True, kw_only=True):
    """What sets it off: an entry, an exit, or the arrival of an event."""

    choices: ClassVar[tuple[Choice, ...]] = (Choice((("entered",), ("exited",), ("event",), ("like",)), least=1),)
    checks: ClassVar[tuple[Check, ...]] = (Check(("picker",), _where_needs_event),)

    entered: Annotated[SegmentKey | None, Doc("Somebody enters this segment.")] = None
    exited: Annotated[SegmentKey | None, Doc("Somebody leaves this segment.")] = None
    picker: AnyPicker

    @property
    def segment(self) -> str:
        """Return the segment it is about, empty for events."""
        return self.entered or self.exited or ""

    def says(self) -> str:
        if self.entered:
            return f"When somebody enters {self.entered}"
        if self.exited:
            return f"When somebody leaves {self.exited}"
        return f"When somebody does {self.picker.says()}"


class Sample(Form, frozen=True, kw_only=True):
    """A person for whom the content is tried when the trigger is checked; nothing is sent."""

    traits: Annotated[dict[Name, Plain] | None, Doc("The person's traits.")] = None
    event: Annotated[dict[Name, Plain] | None, Doc("Properties of the event.")] = None
    gathered: Annotated[
        dict[Name, dict[Name, Plain]] | None, Doc("Properties of one event for each name of `gather`.")
    ] = None


def _key_of_event(when: Moment, key: str | None) -> Flaw | None:
    if key is not None and when.segment:
        return Flaw("a change of membership has no properties", "key", received=key, allowed="when: {event: ...}",
                    hint="trigger on the event and ask for the segment with if: {in_segment: ...}")  # fmt: skip
    return None


def _left_what(when: Moment, cancel_if_left: bool) -> Flaw | None:
    if cancel_if_left and not when.entered:
        return Flaw("nobody entered anything that could be left", "cancel_if_left", allowed="when: {entered: ...}",
                    hint="write if: {in_segment: ...}, which is asked again when it is sent")  # fmt: skip
    return None


def _no_existing(when: Moment, existing: bool) -> Flaw | None:
    if existing and not when.entered:
        return Flaw("only a segment has members already", "existing", allowed="when: {entered: ...}")
    return None


def _same_needs_key(key: str | None, gather: dict[str, Gather] | None) -> list[Flaw]:
    wrong = [name for name, one in (gather or {}).items() if one.same is not None and key is None]
    return [
        Flaw("the trigger has no key", f"gather.{name}.same", allowed="key: a property beside it") for name in wrong
    ]


class Trigger(Form, frozen=True, kw_only=True):
    """One trigger."""

    checks: ClassVar[tuple[Check, ...]] = (
        Check(("when", "key_by"), _key_of_event),
        Check(("when", "cancel_if_left"), _left_what),
        Check(("when", "existing"), _no_existing),
        Check(("key_by", "gather"), _same_needs_key),
    )

    key: Annotated[TriggerKey, Doc("The trigger's name for ever; the file is `triggers/<key>.yaml`.")]
    title: Annotated[str, Doc("Its name for people.")] = ""
    description: Annotated[str, Doc("What it is for.")] = ""
    owner: Annotated[str, Doc("Who answers for it.")] = ""
    when: Annotated[Moment, Doc("What sets it off.")]
    if_: Annotated[Filter | None, Doc("Only for these people; asked again when it is sent.")] = None
    causes: Annotated[
        tuple[Causes, ...] | None,
        Doc("Changes of membership by these causes only; when not said, all but `edit` and `unmerge`."),
    ] = None
    fresh_within: Annotated[
        Duration,
        Doc(
            "Events that arrive later than this after they occurred (an import of old ones) set nothing off; 24h when not said."
        ),
    ] = "24h"
    key_by: Annotated[
        Name | None, Doc("Property of the event: one run for each of its values (a cart, an appointment).")
    ] = None
    delay: Annotated[Duration | None, Doc("It is sent so long after the instant.")] = None
    cancel_if_left: Annotated[bool, Doc("Whether it is not sent to those who have left the segment again.")] = False
    reentry: Annotated[
        Literal["every", "once"] | Reentry | None,
        Doc("Whether the same person (and value of `key_by`) begins `every` time, only `once`, or again `after` a while; when not said, `once` with `key_by` and `every` without."),
    ] = None  # fmt: skip
    frequency: Annotated[Frequency | None, Doc("How often one person is met.")] = None
    cap_per_day: Annotated[int | None, whole(1), Doc("Runs of everybody together on one day of the project.")] = None
    quiet_hours: Annotated[QuietHours | None, Doc("Hours in which nothing is sent.")] = None
    time_zone: Annotated[TimeZone | None, Doc("Time zone of people without one; the project's when not said.")] = None
    consent: Annotated[
        Consent | ListKey | None,
        Doc("Purpose to which the person has to have consented; a bare purpose means `default: out`."),
    ] = None
    holdout: Annotated[
        Holdout | Share | None, Doc("Share of people to whom nothing is sent; a bare share has the key as its salt.")
    ] = None
    existing: Annotated[bool, Doc("Whether those who are members already are met once when the trigger starts.")] = (
        False
    )
    priority: Annotated[
        int, whole(0, 9), Doc("Higher goes first, among triggers of one instant and in the outbox; 5 when not said.")
    ] = 5
    destination: Annotated[DestinationKey, Doc("Where it goes: the key of `destinations/<key>.yaml`.")]
    gather: Annotated[
        dict[Name, Gather] | None, Doc("Events of the person that the content tells of, under a name of yours.")
    ] = None
    template: Annotated[
        Name | None, Doc("Folder of `templates/` whose files `<part>.liquid` are parts of the content.")
    ] = None
    content: Annotated[
        dict[Name, Text] | None, Doc("Parts of the content, such as subject, text and html of an e-mail, in Liquid.")
    ] = None
    sample: Annotated[Sample | None, Doc("A person for whom the content is tried when the trigger is checked.")] = None

    @property
    def consented(self) -> Consent | None:
        """Return the consent it needs."""
        return Consent(purpose=self.consent) if isinstance(self.consent, str) else self.consent

    @property
    def held_out(self) -> tuple[float, str]:
        """Return (share in per cent, salt) of those held out; 0 for nobody."""
        if self.holdout is None:
            return 0.0, ""
        if isinstance(self.holdout, str):
            return percent_of(self.holdout), self.key
        return self.holdout.percent, self.holdout.salt

    @property
    def allowed_causes(self) -> frozenset[str]:
        return frozenset(self.causes or USUAL_CAUSES)

    @property
    def segments(self) -> tuple[str, ...]:
        """Return every segment it refers to."""
        own = (self.when.segment,) if self.when.segment else ()
        return own if self.if_ is None else (*own, *self.if_.wanted, *self.if_.unwanted)

    def says(self) -> str:
        """Return the trigger as English sentences."""
        parts = [self.when.says()]
        if self.if_ is not None:
            parts.append(f" and is {self.if_.says()}")
        parts.append(f", {self.destination} is told")
        parts.append(f" {says(self.delay)} later" if self.delay else "")
        parts.append(f", once for each {self.key_by}" if self.key_by and self.reentry in (None, "once") else "")
        rules = [
            "only once" if self.reentry == "once" and not self.key_by else "",
            f"again after {says(self.reentry.after)} at the earliest" if isinstance(self.reentry, Reentry) else "",
            self.frequency.says() if self.frequency else "",
            f"to at most {self.cap_per_day:,} people a day" if self.cap_per_day else "",
            self.quiet_hours.says() if self.quiet_hours else "",
            f"only to those who {self.consented.says()}" if self.consented else "",
            "not if they have left it again" if self.cancel_if_left else "",
        ]
        said = [rule for rule in rules if rule]
        sentence = "".join(parts) + (f": {', '.join(said)}." if said else ".")
        percent, _ = self.held_out
        held = f" {percent:g} % of people are held out." if percent else ""
        existing = " Those who are in it when it starts are met once." if self.existing else ""
        return sentence + held + existing
