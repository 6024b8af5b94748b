"""The small values that triggers and destinations are written with: keys, times of day, shares."""

from __future__ import annotations

import re
from typing import Annotated, TypeAlias

from coterie.segments.conditions.form import Flaw
from coterie.segments.conditions.words import Word

KEY_PATTERN = "[a-z0-9]([a-z0-9-]{0,98}[a-z0-9])?"
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_PERCENT = re.compile(r"([0-9]+(\.[0-9]+)?) ?%")


def key_word(name: str) -> Word:
    """Return the rule for the key of a thing that has a file of its own."""

    def refuse(text: str) -> Flaw | None:
        if re.fullmatch(KEY_PATTERN, text):
            return None
        fixed = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
        allowed = "lower-case letters, digits and single hyphens inside, such as cart-recovery"
        return Flaw(f"not {name}", received=text, allowed=allowed, hint=f"write {fixed}" if fixed else "")

    return Word(name, refuse, {"pattern": f"^{KEY_PATTERN}$"})


def _refuse_time(text: str) -> Flaw | None:
    if _TIME.fullmatch(text):
        return None
    return Flaw("not a time of day", received=text, allowed='hours and minutes in quotes, such as "21:00"')


def _refuse_percent(text: str) -> Flaw | None:
    found = _PERCENT.fullmatch(text)
    if found and 0 < float(found[1]) < 100:
        return None
    return Flaw("not a share", received=text, allowed='above 0 % and below 100 %, such as "10%"')


def minute_of(time: str) -> int:
    """Return the minute of the day that a written time names.

    >>> minute_of("21:30")
    1290
    """
    return int(time[:2]) * 60 + int(time[3:])


def percent_of(text: str) -> float:
    """Return the number of a written share.

    >>> percent_of("10%")
    10.0
    """
    return float(text.rstrip("%").strip())


TriggerKey: TypeAlias = Annotated[str, key_word("a trigger key")]
DestinationKey: TypeAlias = Annotated[str, key_word("a destination key")]
TimeOfDay: TypeAlias = Annotated[str, Word("a time of day", _refuse_time, {"pattern": r"^([01]\d|2[0-3]):[0-5]\d$"})]
Share: TypeAlias = Annotated[str, Word("a share in per cent", _refuse_percent, {"pattern": r"^[0-9]+(\.[0-9]+)? ?%$"})]
