"""One person of the demo: somebody with a story, told from the log of changes."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc
from rich import box
from rich.table import Table
from rich.text import Text

from coterie.cli.demo_screen import DIRECTION, clock
from coterie.engine.records import Person

LINES_MAX = 10
"""Changes of a person's story that are shown, the newest ones."""


def story(changes: pa.Table, person: Person, titles: Mapping[str, str]) -> Table:
    """Return the person's memberships as a table: when, which segment, and what caused it."""
    what = {row["event_id"]: row["name"] for row in person.log.select(["event_id", "name"]).to_pylist()}
    rows = changes.filter(pc.equal(changes["profile"], person.profile)).to_pylist()
    table = Table(box=box.SIMPLE, header_style="dim", pad_edge=False, padding=(0, 1))
    for head in ("when", "", "segment", "cause"):
        table.add_column(head)
    if len(rows) > LINES_MAX:
        table.add_row("…", "", f"{len(rows) - LINES_MAX} earlier changes", "")
    for row in rows[-LINES_MAX:]:
        event = what.get(row.get("event_id") or "", "")
        cause = f"{row['cause']}: {event}" if event else row["cause"]
        table.add_row(
            clock(row["at"]),
            DIRECTION[row["direction"]],
            titles.get(row["segment"], row["segment"]),
            Text(cause, "dim"),
        )
    return table
