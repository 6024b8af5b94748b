"""Where in a file a problem is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

from coterie.errors import Problem
from coterie.segments.conditions.form import Flaw

Path: TypeAlias = tuple[str | int, ...]
Lines: TypeAlias = Mapping[Path, int]

_WORD = re.compile(r"[A-Za-z_$][\w$-]*")
_STEPS = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


class DefinitionProblem(Problem):
    """A problem of a definition, with the parts of its place for programs that list problems."""

    def __init__(self, flaw: Flaw, path: str, file: str = "", line: int | None = None) -> None:
        self.path, self.file, self.line = path, file, line
        spot = file if line is None else f"{file}:{line}"
        where = f"{spot}: {path}" if spot and path else spot or path
        super().__init__(flaw.what, where=where, received=flaw.received, allowed=flaw.allowed, hint=flaw.hint)


def written(path: Path) -> str:
    """Return a path as people write it.

    >>> written(("when", "all", 1, "did", "where", "a b"))
    'when.all[1].did.where["a b"]'
    """
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _WORD.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f'["{part}"]'
    return text.encode("utf-8", "backslashreplace").decode()


def place(flaw: Flaw, path: Path, file: str, lines: Lines) -> DefinitionProblem:
    """Return the problem that ``flaw`` is when found at ``path``: the nearest known line above it is named."""
    inner = tuple(int(number) if number else word for word, number in _STEPS.findall(flaw.key))
    full = (*path, *inner)
    line = next((lines[full[:end]] for end in range(len(full), -1, -1) if full[:end] in lines), None)
    return DefinitionProblem(flaw, written(full), file, line)
