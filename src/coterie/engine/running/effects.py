"""What one step came to: everything that one commit writes."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from msgspec import Struct

from coterie.identity.resolution import Row
from coterie.intake.stage import Remark
from coterie.storage.state.changes import Moved
from coterie.storage.state.profiles import Write
from coterie.storage.state.refusals import Refusal
from coterie.storage.state.sources import Reading


class Effects(Struct, kw_only=True):
    """Effects of the journal's entries up to ``journal`` and of the timers until ``advanced_to``."""

    journal: int
    advanced_to: int
    first: int
    """Position of the first row."""
    rows: pa.Table | None = None
    """Rows of the log, with positions."""
    changes: list[Moved] = []
    """Membership changes in order, without sequence."""
    met: list[tuple[str, int]] = []
    """Profiles that were not known, with their first arrival."""
    merges: list[tuple[str, str]] = []
    """(survivor, loser), both canonical when it happened."""
    writes: list[Write] = []
    """Writes of traits, by the profile that is canonical after the step."""
    rebuilt: list[str] = []
    """Profiles to be told anew from their whole history: both sides of an unmerge."""
    identifiers: list[Row] = []
    refused: list[Refusal] = []
    remarks: list[Remark] = []
    """What stages of the intake counted."""
    readings: dict[str, Reading] = {}
    """How far sources have been read with these entries."""
    suppressed: int = 0
    """Events of people who are not to come back."""
    events: int = 0
    duplicates: int = 0
    entry_at: int = 0
    """When the newest entry arrived, 0 when there was none."""
    extra: Any = None
    """What an amendment asks to be written in the same commit."""

    @property
    def rows_count(self) -> int:
        return 0 if self.rows is None else int(self.rows.num_rows)

    @property
    def changes_count(self) -> int:
        return len(self.changes)

    @property
    def is_empty(self) -> bool:
        """Return whether only the clock moved."""
        return not (
            self.rows_count
            or self.changes_count
            or self.refused
            or self.met
            or self.identifiers
            or self.extra
            or self.readings
            or self.remarks
        )
