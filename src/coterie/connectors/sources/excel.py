"""Workbooks as rows: the first row of a sheet that says anything names the columns."""

from __future__ import annotations

import io
import subprocess
import sys
from typing import Any

import python_calamine as calamine

from coterie.connectors.mapping import Layout
from coterie.errors import Problem, nearest

MEMORY_BYTES_MAX = 2 << 30
"""Memory that a workbook may take: a few kilobytes can claim cells for hundreds of gigabytes, and the library ends the process then."""
SECONDS_MAX = 600
_TRIAL = f"""
import sys
sys.path[:] = sys.argv[2:]
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, ({MEMORY_BYTES_MAX}, {MEMORY_BYTES_MAX}))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
except (ImportError, OSError, ValueError):
    pass
import io, python_calamine
book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
name = sys.argv[1] or book.sheet_names[0]
if name in book.sheet_names:
    book.get_sheet_by_name(name)
"""


def sheet_rows(data: bytes, layout: Layout) -> tuple[list[str], list[list[Any]]]:
    """Return the names of the columns and the rows below them, cells as Python's numbers, texts, truth values and instants.

    Empty rows at the end are left out. Raises: OSError when it is no workbook, Problem when the sheet is not there.
    Cost: the whole sheet in memory, about 0.5 µs per cell, and before that 0.1 s and as long again in a process of its own, which a
    workbook made to exhaust the memory takes down instead of this one. Source: python-calamine.
    """
    _try_out(data, layout.sheet)
    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    except calamine.PasswordError as error:
        raise OSError("the workbook has a password") from error
    except calamine.CalamineError as error:
        if not data or data.startswith(b"PK\x03\x04"):
            raise OSError(f"Truncated workbook: {error}") from error
        raise OSError(f"not a workbook that can be read: {error}") from error
    name = layout.sheet or book.sheet_names[0]
    if name not in book.sheet_names:
        allowed = ", ".join(book.sheet_names)
        raise Problem("the workbook has no such sheet", where="sheet", received=name, allowed=allowed,
                      hint=nearest(name, book.sheet_names))  # fmt: skip
    rows: list[list[Any]] = book.get_sheet_by_name(name).to_python(skip_empty_area=True)
    while rows and not any(_said(cell) for cell in rows[-1]):
        rows.pop()
    if layout.columns:
        return list(layout.columns), [row[: len(layout.columns)] for row in rows]
    if not rows:
        return [], []
    kept = [place for place, cell in enumerate(rows[0]) if _said(cell)]
    return [str(rows[0][place]).strip() for place in kept], [[row[place] for place in kept] for row in rows[1:]]


def _try_out(data: bytes, sheet: str) -> None:
    """The workbook can be opened without taking the memory of the machine. Raises: OSError when it cannot."""
    command = [sys.executable, "-ISc", _TRIAL, sheet, *sys.path]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=SECONDS_MAX, check=False)
    except subprocess.TimeoutExpired as error:
        raise OSError(f"the workbook was not read within {SECONDS_MAX} s") from error
    if done.returncode < 0 or b"MemoryError" in done.stderr:
        raise OSError(f"the workbook claims more cells than {MEMORY_BYTES_MAX >> 30} GB of memory hold")


def _said(cell: Any) -> bool:
    return cell is not None and cell != ""
