"""Every condition of the language by its word. To add one: write its file, and list it here."""

from __future__ import annotations

from typing import Any

from coterie.segments.conditions.aggregate import Aggregate
from coterie.segments.conditions.all_of import AllOf
from coterie.segments.conditions.any_of import AnyOf
from coterie.segments.conditions.at_least_of import AtLeastOf
from coterie.segments.conditions.bucket import Bucket
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

__all__ = ["CONDITIONS", "Condition", "Context", "Example", "Past"]

_LISTED: tuple[type[Any], ...] = (
    Trait, Date, HasBeen, InList, Consented,
    Did, DidNot, Aggregate, FirstTime, LastTime,
    Stopped, Returned, Regularly, Inactive,
    Then, ThenNot,
    Top, Rfm, Bucket, InSegment,
    AllOf, AnyOf, NoneOf, Negation, AtLeastOf, Everyone,
)  # fmt: skip

CONDITIONS: dict[str, type[Spoken]] = {kind.word: kind for kind in _LISTED}
"""Word → class, in the order of the language page."""
