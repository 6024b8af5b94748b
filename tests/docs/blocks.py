"""Fenced blocks of the documentation, and what is to be done with each.

A comment on the line before a block says more: ``<!-- file: path -->`` writes the block there, ``<!-- output -->`` compares it with what
the command before printed (``…`` stands for anything), ``<!-- not run: reason -->`` leaves a block alone. ``<!-- server -->`` stands
before ``coterie serve``: it runs until the page ends, on a free port; ``http://localhost:8080`` in what follows is that server, and
``$WRITE_KEY``, ``$READ_KEY`` and ``$ADMIN_KEY`` are its keys. A page that speaks to that address without starting a server gets one
of the starter project. ``$ONLINE_RETAIL`` is the table of a shop: see ``retail``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"<!-- ([a-z ]+?)(?:: (.*?))? -->\n+$")


class Block(NamedTuple):
    """One fenced block: its language, its text, the line it begins at, and what the comment before it says."""

    language: str
    text: str
    line: int
    mark: str
    detail: str


def pages() -> list[Path]:
    """Return every page of the documentation."""
    return sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page in order."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        before = _COMMENT.search(text[: match.start()])
        mark, detail = (before.group(1), before.group(2) or "") if before else ("", "")
        line = text.count("\n", 0, match.start()) + 1
        found.append(Block(match.group(1), match.group(2), line, mark, detail))
    return found


def missing_lines(expected: str, printed: str) -> list[str]:
    """Return the expected lines that do not occur in the printed ones, in order; blanks count as one space."""
    rest = [" ".join(line.split()) for line in printed.splitlines()]
    missing = []
    for line in expected.splitlines():
        words = " ".join(line.split())
        if not words:
            continue
        pattern = re.compile(".*".join(re.escape(part) for part in words.split("…")))
        place = next((i for i, one in enumerate(rest) if pattern.search(one)), None)
        if place is None:
            missing.append(line)
        else:
            rest = rest[place + 1 :]
    return missing
