"""Every condition of the language by its word. To add one: write its file, and list it here."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from coterie.segments.conditions.aggregate import Aggregate
from coterie.segments.conditions.all_of import AllOf
from coterie.segments.conditions.any_of import AnyOf
from coterie.segments.conditions.at_least_of import AtLeastOf
from coterie.segments.conditions.bucket import Bucket
from coterie.segments.conditions.cluster import Cluster
from coterie.segments.conditions.consented import Consented
from coterie.segments.conditions.date import Date
from coterie.segments.conditions.did import Did
from coterie.segments.conditions.did_not import DidNot
from coterie.segments.conditions.everyone import Everyone
from coterie.segments.conditions.first_time import FirstTime
from coterie.segments.conditions.form import Condition, Context, Example, Past, Spoken
from coterie.segments.conditions.has_been import HasBeen
from coterie.segments.conditions.in_list import InList
from coterie.segments.conditions.in_segment import InSegment
from coterie.segments.conditions.inactive import Inactive
from coterie.segments.conditions.last_time import LastTime
from coterie.segments.conditions.negation import Negation
from coterie.segments.conditions.none_of import NoneOf
from coterie.segments.conditions.regularly import Regularly
from coterie.segments.conditions.returned import Returned
from coterie.segments.conditions.rfm import Rfm
from coterie.segments.conditions.stopped import Stopped
from coterie.segments.conditions.then import Then
from coterie.segments.conditions.then_not import ThenNot
from coterie.segments.conditions.top import Top
from coterie.segments.conditions.trait import Trait

__all__ = ["CONDITIONS", "GROUPS", "Condition", "Context", "Example", "Past"]


class Group(Struct, frozen=True):
    """Conditions that belong together on the language page, under a title and a lead sentence."""

    title: str
    lead: str
    conditions: tuple[type[Any], ...]


GROUPS: tuple[Group, ...] = (
    Group(
        "Who somebody is",
        "Traits are properties of `$identify` and `$set` events; the last write of each counts.",
        (Trait, Date, HasBeen, InList, Consented, Cluster),
    ),
    Group(
        "What somebody did",
        "Events count by the instant at which they occurred, whenever they arrived.",
        (Did, DidNot, Aggregate, FirstTime, LastTime),
    ),
    Group(
        "Habits",
        "Each of these ends or begins by itself, at its exact instant, with no event arriving.",
        (Stopped, Returned, Regularly, Inactive),
    ),
    Group(
        "One thing after another",
        "Steps are strictly one after the other; an event never stands for two steps.",
        (Then, ThenNot),
    ),
    Group(
        "Compared with others, and by lot",
        "Numbers that depend on other people are published as versions, so that they stand still in between.",
        (Top, Rfm, Bucket, InSegment),
    ),
    Group(
        "Logic",
        "A condition that is false where a value is missing is true under `not`: the plain complement.",
        (AllOf, AnyOf, NoneOf, Negation, AtLeastOf, Everyone),
    ),
)

CONDITIONS: dict[str, type[Spoken]] = {kind.word: kind for group in GROUPS for kind in group.conditions}
"""Word → class, in the order of the language page."""
