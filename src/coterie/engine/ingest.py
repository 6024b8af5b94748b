"""Files through a mapping into the log and the quarantine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from msgspec import Struct, structs

from coterie.connectors.conversion import IDENTIFIERS
from coterie.connectors.mapping import Mapping
from coterie.connectors.sources.files import retake, take
from coterie.engine.holding import holding
from coterie.engine.intake import Admitted, admit, intake_of
from coterie.engine.project import Project
from coterie.engine.refusals import is_event
from coterie.engine.resolving import NOBODY, Resolver
from coterie.engine.running.files import open_state
from coterie.identity.rules import rules_of
from coterie.intake.stage import Remark
from coterie.storage import quarantine
from coterie.storage.state import remarks

EVENTS_MAX = 4_000_000
"""Events held in memory before they are committed; a larger ingest takes several commits."""
REFUSED_MAX = 500_000
"""Refused rows held likewise: they are whole, as text, and a mapping that is wrong refuses all."""


class Ingested(Struct, frozen=True, kw_only=True):
    """What became of the rows: every row gave events, was skipped by a rule, or was refused."""

    rows: int = 0
    events: int = 0
    added: int = 0
    duplicates: int = 0
    skipped: int = 0
    suppressed: int = 0
    """Events of people who were erased and do not come back."""
    refused: int = 0
    quarantined: int = 0
    reasons: dict[str, int] = {}


@holding("ingest")
def ingest(
    project: Project,
    files: Sequence[Path],
    mapping: Mapping,
    *,
    now: int,
    progress: Callable[[Path, int], None] = lambda path, done: None,
) -> Ingested:
    """Add the rows of ``files`` to the project's log and quarantine; rows that are there already add nothing.

    ``progress`` is told the bytes read of each file. Cost: about 9 µs per row, 300 bytes of memory per event of one commit.
    """
    run = Landing(project, mapping.source, now)
    for file in files:
        for taken in take(file, mapping, now=now, progress=lambda done, file=file: progress(file, done)):  # type: ignore[misc]
            run.keep(taken.events, taken.refused, taken.rows, taken.skipped)
            if run.is_full:
                run.write()
    return run.commit()


@holding("quarantine replay")
def replay_quarantine(project: Project, mapping: Mapping, *, now: int, label: str = "") -> Ingested:
    """Pass the quarantined rows of the mapping's source through it again; those that pass leave the quarantine.

    ``label``: what the log and the quarantine call the source, when that is not what the mapping does.
    Events that a stage refused after their mapping are left: see ``engine.replaying``.
    """
    source = label or mapping.source
    rows = project.quarantine.rows(source=source)
    waiting = rows.filter(pa.array([not is_event(one) for one in rows.to_pylist()], pa.bool_()))
    taken = retake(waiting, mapping, now=now)
    run = Landing(project, source, now)
    run.keep(taken.events, taken.refused.slice(0, 0), taken.rows, taken.skipped)
    still = set(taken.refused["id"].to_pylist())
    mended = [one["id"] for one in waiting.to_pylist() if one["id"] not in still and one["reason"] != "not a row"]
    done = run.commit()
    if mended:
        project.quarantine.remove(mended)
    return Ingested(
        rows=waiting.num_rows,
        events=done.events,
        added=done.added,
        duplicates=done.duplicates,
        skipped=done.skipped,
        suppressed=done.suppressed,
        refused=waiting.num_rows - len(mended),
        reasons=_counts(taken.refused),
    )


class Landing:
    """Tables on their way into the stores."""

    def __init__(self, project: Project, source: str, now: int) -> None:
        self._project, self._source, self._now = project, source, now
        self._intake, self._rules = intake_of(project), rules_of(project.settings.identity)
        self._remarks: list[Remark] = []
        self._events: list[pa.Table] = []
        self._refused: list[pa.Table] = []
        self._unkept = 0
        self._held = self._rows = self._seen = self._added = self._skipped = self._quarantined = self._suppressed = 0
        self._reasons: Counter[str] = Counter()
        self._resolver = Resolver(project)

    def keep(self, events: pa.Table, refused: pa.Table, rows: int, skipped: int) -> None:
        admitted = admit(self._intake, self._rules, events, self._source, self._now)
        if IDENTIFIERS in events.column_names:
            admitted = self._resolved(admitted)
        source = pa.array([self._source], pa.string()).take(pa.array(np.zeros(admitted.events.num_rows, np.int64)))
        events = admitted.events.append_column("source", source)
        self._remarks += admitted.remarks
        self._suppressed += admitted.dropped
        self._events.append(events)
        for table in (refused, admitted.refused):
            kept = self._unbarred(table)
            self._suppressed += table.num_rows - kept.num_rows
            self._refused.append(kept)
            self._unkept += kept.num_rows
        self._rows, self._skipped = self._rows + rows, self._skipped + skipped
        self._held += events.num_rows

    def _unbarred(self, refused: pa.Table) -> pa.Table:
        """Return the refused rows that are not of people who were erased."""
        if not self._intake or not refused.num_rows:
            return refused
        return refused.filter(pa.array([not self._intake.bars_row(row) for row in refused["row"].to_pylist()]))

    @property
    def is_full(self) -> bool:
        """Return whether so much is held that it should be written."""
        return self._held >= EVENTS_MAX or self._unkept >= REFUSED_MAX

    def _resolved(self, admitted: Admitted) -> Admitted:
        """Return the events as their people's; those that are nobody's are refused."""
        found = self._resolver.resolve(admitted.events)
        nobody = [
            {
                "id": f"{self._source}:{event_id}", "reason": NOBODY, "place": f"event {event_id}",
                "detail": why, "row": row, "received_at": self._now, "source": self._source,
            }
            for event_id, row, why in found.nobody
        ]  # fmt: skip
        more = pa.Table.from_pylist(nobody, schema=quarantine.SCHEMA)
        return structs.replace(admitted, events=found.events, refused=pa.concat_tables([admitted.refused, more]))

    def write(self) -> None:
        """What is held is in the log, the refused rows before it, so that a crash between the two loses no row."""
        if self._refused:
            refused = pa.concat_tables(self._refused)
            for reason, count in _counts(refused).items():
                self._reasons[reason] += count
            self._quarantined += self._project.quarantine.add(refused) if refused.num_rows else 0
            self._refused, self._unkept = [], 0
        if self._held:
            self._added += self._project.events.append(pa.concat_tables(self._events)).added
        self._seen, self._held, self._events = self._seen + self._held, 0, []
        self._count()

    def _count(self) -> None:
        """What the intake remarked upon is counted."""
        if self._remarks:
            database = open_state(self._project)
            try:
                with database.transaction() as connection:
                    remarks.fold(connection, self._remarks)
                self._remarks = []
            finally:
                database.close()

    def commit(self) -> Ingested:
        """Write what is left; return what became of everything."""
        self.write()
        return Ingested(
            rows=self._rows,
            events=self._seen,
            added=self._added,
            duplicates=self._seen - self._added,
            skipped=self._skipped,
            suppressed=self._suppressed,
            refused=self._reasons.total(),
            quarantined=self._quarantined,
            reasons=dict(sorted(self._reasons.items(), key=lambda one: (-one[1], one[0]))),
        )


def _counts(refused: pa.Table) -> dict[str, int]:
    counted = refused["reason"].value_counts().to_pylist()
    return {one["values"]: one["counts"] for one in sorted(counted, key=lambda one: (-one["counts"], one["values"]))}
