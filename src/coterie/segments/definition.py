"""A segment as it is written, and how a project's segments become what the readers read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, ClassVar, Literal

import msgspec

from coterie.errors import InvalidDefinition, NotFound, Problem, nearest
from coterie.limits import DEFAULT
from coterie.segments import core
from coterie.segments.catalog import Catalog, Lowered
from coterie.segments.conditions.form import Check, Choice, Condition, Context, Flaw, Form
from coterie.segments.conditions.in_segment import InSegment
from coterie.segments.conditions.places import written
from coterie.segments.conditions.rfm import Rfm
from coterie.segments.conditions.thresholds import Measure
from coterie.segments.conditions.top import Top
from coterie.segments.conditions.tree import every, placed
from coterie.segments.conditions.words import Doc, Duration, MayBeEmpty, Name, SegmentKey, TimeZone, Unwritten, whole
from coterie.segments.cron import Cron
from coterie.segments.durations import says_last

__all__ = ["Context", "Schedule", "Segment", "lower_all"]


class Schedule(Form, frozen=True, kw_only=True):
    """When a segment that need not follow every event is computed anew."""

    choices: ClassVar[tuple[Choice, ...]] = (Choice((("every",), ("cron",)), least=1),)

    every: Annotated[Duration | None, Doc("Again after so long.")] = None
    cron: Annotated[Cron | None, Doc("Five cron fields: minute, hour, day of month, month, day of week.")] = None

    def says(self) -> str:
        return f"computed every {says_last(self.every)}" if self.every else f"computed at cron {self.cron}"


def _no_schedule_by_hand(refresh: object, manual: bool) -> Flaw | None:
    if manual and isinstance(refresh, Schedule):
        return Flaw("people put in by hand would wait for the schedule", "refresh", allowed="live")
    return None


def _one_measured(when: Condition) -> Flaw | None:
    for kind in (Top, Rfm):
        if sum(isinstance(condition, kind) for condition in every(when)) > 1:
            return Flaw(f"more than one {kind.word}", "when", allowed=f"one {kind.word}, whose thresholds carry the segment's key",
                        hint="give each its own segment and join them with in_segment")  # fmt: skip
    return None


class Segment(Form, frozen=True, kw_only=True):
    """One definition. ``explicit`` names the fields that were written although they say the default."""

    checks: ClassVar[tuple[Check, ...]] = (
        Check(("refresh", "manual"), _no_schedule_by_hand),
        Check(("when",), _one_measured),
    )

    key: Annotated[SegmentKey, Doc("The segment's name for ever; the file is `segments/<key>.yaml`.")]
    title: Annotated[str, Doc("Its name for people.")] = ""
    description: Annotated[str, Doc("Who these people are, and what for.")] = ""
    owner: Annotated[str, Doc("Who answers for it.")] = ""
    tags: Annotated[tuple[Name, ...], MayBeEmpty(), Doc("Words to find it by.")] = ()
    version: Annotated[int, whole(1), Doc("Raised with every edit of the rule.")] = 1
    universe: Annotated[
        Literal["all", "identified"], Doc("Every known person, or only those that have identified themselves.")
    ] = "all"
    refresh: Annotated[
        Literal["live"] | Schedule, Doc("`live`: follows every event to the instant. Or a schedule, for broad groups.")
    ] = "live"
    manual: Annotated[bool, Doc("Whether people may be put in or taken out by hand, against the rule.")] = False
    time_zone: Annotated[
        TimeZone | None, Doc("Time zone of calendar words and dates; the project's when not said.")
    ] = None
    when: Annotated[Condition, Doc("The rule: one condition.")]
    explicit: Annotated[frozenset[str], Unwritten()] = frozenset()

    @property
    def is_live(self) -> bool:
        return self.refresh == "live"

    def context(self, context: Context) -> Context:
        """Return ``context`` as this segment's conditions see it."""
        return msgspec.structs.replace(context, segment=self.key, time_zone=self.time_zone or context.time_zone)

    def lower(self, context: Context = Context()) -> Lowered:  # noqa: B008  an immutable value
        """Return the segment as the readers see it; NotFound when it needs thresholds that are not published."""
        node = self.when.lower(self.context(context))
        if self.manual:
            by_hand = core.Trait(f"manual.{self.key}")
            put_in = core.Holds(by_hand, core.Equals("in"))
            taken_out = core.Holds(by_hand, core.Equals("out"))
            node = core.All((core.Not(taken_out), core.Any((put_in, node))))
        if self.universe == "identified":
            node = core.All((core.KNOWN_BY_IDENTIFY, node))
        return Lowered(self.key, self.version, node)

    def measures(self, context: Context = Context()) -> tuple[Measure, ...]:  # noqa: B008  an immutable value
        """Return what `coterie thresholds` measures on every profile before it publishes ``cuts`` under each name."""
        own = self.context(context)
        parts = (part for part in every(self.when) if isinstance(part, Top | Rfm))
        return tuple(measure for part in parts for measure in part.measures(own))

    def says(self) -> str:
        """Return the definition as one English sentence."""
        sentence = f"{'identified people' if self.universe == 'identified' else 'people'} {self.when.says()}."
        if self.manual:
            sentence = f"apart from those put in or taken out by hand, {sentence}"
        if isinstance(self.refresh, Schedule):
            sentence = f"{self.refresh.says()}: {sentence}"
        return sentence[0].upper() + sentence[1:]


def lower_all(segments: Iterable[Segment], context: Context = Context()) -> Catalog:  # noqa: B008  an immutable value
    """Return the catalog of a project; InvalidDefinition with every problem between its definitions."""
    problems: list[Problem] = []
    lowered: dict[str, Lowered] = {}
    by_key: dict[str, Segment] = {}
    for number, segment in enumerate(segments, 1):
        if number == DEFAULT.segments_max + 1:
            problems.append(
                Problem("too many segments", where=segment.key, allowed=f"at most {DEFAULT.segments_max:,}")
            )
        if segment.key in by_key:
            problems.append(Problem("two segments have this key", where=segment.key, allowed="one definition per key"))
            continue
        by_key[segment.key] = segment
        try:
            lowered[segment.key] = segment.lower(context)
        except NotFound as error:
            problems.append(Problem(error.message, where=segment.key, hint=error.hint))
            lowered[segment.key] = Lowered(segment.key, segment.version, core.NEVER)
    problems += [problem for segment in by_key.values() for problem in _references(segment, by_key)]
    if any(core.references(one.node) - by_key.keys() for one in lowered.values()):
        raise InvalidDefinition(problems)
    try:
        catalog = Catalog(lowered)
    except InvalidDefinition as error:
        raise InvalidDefinition([*problems, *error.problems]) from error
    if problems:
        raise InvalidDefinition(problems)
    return catalog


def _references(segment: Segment, by_key: Mapping[str, Segment]) -> Iterator[Problem]:
    """Yield a problem for every reference to a segment that is not there, or that a live one may not refer to."""
    for path, condition in placed(segment.when, ("when",)):
        if not isinstance(condition, InSegment):
            continue
        ref, where = condition.key, f"{segment.key}: {written(path)}"
        if ref not in by_key:
            what = "refers to a segment that does not exist"
            yield Problem(what, where=where, received=ref, allowed=", ".join(sorted(by_key)), hint=nearest(ref, by_key))
        elif segment.is_live and not by_key[ref].is_live:
            yield Problem(
                "a live segment refers to a scheduled one",
                where=where,
                received=ref,
                allowed="segments with refresh: live",
                hint=f"make {ref} live, or give {segment.key} a schedule",
            )
