"""The five fields of a cron line: minute, hour, day of month, month, day of week."""

from __future__ import annotations

import re
from typing import Annotated, TypeAlias

from coterie.segments.conditions.form import Flaw
from coterie.segments.conditions.words import Word

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
