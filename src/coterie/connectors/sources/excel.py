"""Workbooks as rows: the first row of a sheet that says anything names the columns."""

from __future__ import annotations

import io
from typing import Any

import python_calamine as calamine

from coterie.connectors.mapping import Layout
from coterie.errors import Problem, nearest


def sheet_rows(data: bytes, layout: Layout) -> tuple[list[str], list[list[Any]]]:
    """Return the names of the columns and the rows below them, cells as Python's numbers, texts, truth values and instants.

    Empty rows at the end are left out. Raises: OSError when it is no workbook, Problem when the sheet is not there.
    Cost: the whole sheet in memory, about 0.5 µs per cell. Source: python-calamine.
    """
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


def _said(cell: Any) -> bool:
    return cell is not None and cell != ""
