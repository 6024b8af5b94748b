"""What a project says about itself, in ``coterie.yaml``: one frozen struct, every mistake told at once."""

from __future__ import annotations

from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct

from coterie.errors import InvalidDefinition, Problem, nearest

FILE = "coterie.yaml"


class Settings(Struct, frozen=True, kw_only=True):
    """The settings of one project."""

    name: str = "project"
    time_zone: str = "UTC"
    """Default of calendar words in definitions."""
    present: Literal["log", "clock"] = "log"
    """What "now" means to commands: the end of the log (history in files), or the wall clock (events keep coming)."""


def settings_of(data: object, where: str = FILE) -> Settings:
    """Return the settings that ``data`` says. Raises: InvalidDefinition with every problem."""
    problems: list[Problem] = []
    fields: dict[str, Any] = data if isinstance(data, dict) else {}
    if not isinstance(data, dict | None):
        problems.append(
            Problem("a mapping is expected here", where=where, received=data, allowed="name, time_zone, present")
        )
    known = Settings.__struct_fields__
    for name, value in fields.items():
        if name not in known:
            hint = nearest(str(name), known)
            problems.append(Problem("unknown field", where=f"{where}: {name}", allowed=", ".join(known), hint=hint))
        elif not isinstance(value, str):
            problems.append(Problem("not a text", where=f"{where}: {name}", received=value, allowed="text"))
        elif name == "present" and value not in ("log", "clock"):
            problems.append(Problem("unknown word", where=f"{where}: {name}", received=value, allowed="log | clock"))
        elif name == "time_zone" and not _is_zone(value):
            allowed = "a name of the IANA database, such as Europe/Oslo"
            problems.append(Problem("unknown time zone", where=f"{where}: {name}", received=value, allowed=allowed))
    if problems:
        raise InvalidDefinition(problems)
    return Settings(**fields)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
