"""The five fields of a cron line: minute, hour, day of month, month, day of week; and when it comes round next."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Annotated, TypeAlias

from coterie.segments.conditions.form import Flaw
from coterie.segments.conditions.words import Word
from coterie.segments.instants import from_us, to_us, zone

_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day of month", 1, 31), ("month", 1, 12), ("day of week", 0, 7))
_PART = re.compile(r"(\*|(\d+)(?:-(\d+))?)(?:/(\d+))?")


def _refuse(text: str) -> Flaw | None:
    allowed = 'five fields of numbers, *, ranges a-b, lists a,b and steps */n, such as "0 3 * * *"'
    parts = text.split()
    if len(parts) != len(_FIELDS):
        return Flaw(f"a cron line has five fields, not {len(parts)}", received=text, allowed=allowed)
    for part, (name, least, most) in zip(parts, _FIELDS, strict=True):
        for item in part.split(","):
            found = _PART.fullmatch(item)
            numbers = [int(number) for number in found.groups()[1:3] if number] if found else []
            steps = found is None or found[4] is None or int(found[4]) > 0
            if found is None or not steps or numbers != sorted(numbers) or any(not least <= n <= most for n in numbers):
                return Flaw(f"no valid {name}", received=item, allowed=f"{allowed}; {name} is {least} to {most}")
    return None


Cron: TypeAlias = Annotated[str, Word("a cron line", _refuse, {"pattern": r"^\S+( +\S+){4}$"})]

YEARS = 9
"""How far ahead is searched: 29 February can be eight years away."""


def _allowed(part: str, least: int, most: int) -> frozenset[int]:
    """Return the numbers that one field allows."""
    numbers: set[int] = set()
    for item in part.split(","):
        whole, begin, end, step = _PART.fullmatch(item).groups()  # type: ignore[union-attr]
        low = least if whole.startswith("*") else int(begin)
        high = most if whole.startswith("*") or (step and not end) else int(end or begin)
        numbers |= set(range(low, high + 1, int(step or 1)))
    return frozenset(numbers)


def next_turn(line: str, after: int, time_zone: str = "UTC") -> int | None:
    """Return the first instant later than ``after`` at which a cron line comes round on the clocks of ``time_zone``.

    Where both days are restricted either will do, as cron has it. A time that clocks skip in spring counts as the same
    distance after midnight, so once; one that they show twice in autumn counts the first time. ``None``: never, as on 30 February.
    """
    minutes, hours, days, months, weekdays = (
        _allowed(part, least, most) for part, (_, least, most) in zip(line.split(), _FIELDS, strict=True)
    )
    weekdays = frozenset(day % 7 for day in weekdays)
    any_day, any_weekday = (line.split()[place].startswith("*") for place in (2, 4))
    begin = from_us(after).astimezone(zone(time_zone)).date() - timedelta(days=1)
    for distance in range(366 * YEARS):
        day = begin + timedelta(days=distance)
        if day.month not in months:
            continue
        by_month, by_week = day.day in days, day.isoweekday() % 7 in weekdays
        if not (by_month and by_week if any_day or any_weekday else by_month or by_week):
            continue
        turns = (
            to_us(datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone(time_zone)))
            for hour in hours
            for minute in minutes
        )
        later = [turn for turn in turns if turn > after]
        if later:
            return min(later)
    return None
