"""Topics with named parts, such as ``store/{store}/sensor/{device_id}/{event}``."""

from __future__ import annotations

import re

from msgspec import Struct

from coterie.errors import Problem

_PART = re.compile(r"^\{([a-z][a-z0-9_]*)\}$")


class Topic(Struct, frozen=True):
    """A pattern of topics: ``filter`` is what a broker is asked for, ``names`` the named parts by their level."""

    text: str
    filter: str
    names: tuple[tuple[int, str], ...]
    levels: int
    open: bool
    """Whether further levels may follow (``#``)."""

    def match(self, topic: str) -> dict[str, str] | None:
        """Return the named parts of ``topic``, or ``None`` when it is another one."""
        given, asked = topic.split("/"), self.filter.split("/")
        if len(given) < self.levels or (len(given) > self.levels and not self.open):
            return None
        if any(want not in ("+", have) for want, have in zip(asked[: self.levels], given, strict=False)):
            return None
        return {name: given[level] for level, name in self.names}


def topic_of(text: str, where: str = "topic") -> Topic:
    """Return the pattern that ``text`` says. Raises: Problem."""
    levels = text.split("/")
    names: list[tuple[int, str]] = []
    asked: list[str] = []
    for level, part in enumerate(levels):
        named = _PART.match(part)
        if named:
            names.append((level, named.group(1)))
            asked.append("+")
        elif part == "#" and level < len(levels) - 1:
            raise Problem("# is not the last level", where=where, received=text, allowed="… /#", hint="use + or {name}")
        elif part not in ("+", "#") and re.search(r"[{}+#]", part):
            allowed = "each level is a text, {name}, + or, at the end, #"
            raise Problem("a level is partly named", where=where, received=part, allowed=allowed)
        else:
            asked.append(part)
    told = [name for _, name in names]
    if len(set(told)) < len(told):
        raise Problem("names of parts must differ", where=where, received=text)
    further = levels[-1] == "#"
    return Topic(text, "/".join(asked), tuple(names), len(levels) - further, further)
