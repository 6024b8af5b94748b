"""A source read again from its beginning, through its mapping and the intake, and compared with the log, event by event."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
from msgspec import Struct

from coterie.connectors.conversion import Told
from coterie.connectors.mapping import Mapping
from coterie.connectors.sources import definitions, files
from coterie.connectors.sources.definitions import Definition
from coterie.connectors.sources.kinds import Setting
from coterie.engine.intake import admit, intake_of
from coterie.engine.project import Project
from coterie.engine.quality.alerts import day_text
from coterie.engine.quality.run import book_of
from coterie.engine.reconciling.result import Day, Reconciled, Strange, Sum
from coterie.engine.sourcing.mapper import Mapper
from coterie.errors import Conflict
from coterie.identity.rules import rules_of
from coterie.monitoring.finding import Finding
from coterie.monitoring.terms import Check, Severity, Stage
from coterie.privacy.policy import policy_of
from coterie.storage.quality.reconciling import Sides, sides

EPOCH = date(1970, 1, 1).toordinal()
FOR_EVER = 1 << 62
STRANGE_SHOWN = 100


class Asked(Struct, frozen=True, kw_only=True):
    """Which events: those that occurred from ``since`` up to ``until`` (µs), and how many odd ones are to be named."""

    since: int = -FOR_EVER
    until: int = FOR_EVER
    day: int | None = None
    """Only odd ones of this day are named."""
    strange: int = STRANGE_SHOWN


EVERYTHING = Asked()


class _Taken(Struct, frozen=True):
    events: pa.Table
    rows: int
    skipped: int
    refused: int


class _Forgetful(Told):
    """Traits that nobody remembers: every row tells its own. A reading says them when they differ from what it read before, and
    where a reading began nobody knows any more."""

    def get(self, key: Any, default: Any = None) -> Any:
        return default


def reconcile_source(
    project: Project,
    definition: Definition,
    now: int,
    asked: Asked = EVERYTHING,
    progress: Callable[[int], None] = lambda rows: None,
) -> Reconciled:
    """Return how the source and the log agree. The source's own position is not touched, and nothing is acknowledged.

    Raises: Conflict for kinds that cannot be read again, the errors of ``failures``. Cost: about 15 µs per row.
    """
    if definition.kind.pushed:
        raise Conflict(f"{definition.name} is sent to us; there is nothing to read again")
    if definition.kind.passing:
        raise Conflict(
            f"{definition.name}: {definition.kind.word} keeps nothing that was read; there is nothing to read again"
        )
    labels = (definition.label, definition.name, definition.mapping.source)
    return _compared(project, definition.name, labels, _again(project, definition, now), now, asked, progress)


def reconcile_files(
    project: Project, paths: Sequence[Path], mapping: Mapping, now: int, asked: Asked = EVERYTHING, progress: Callable[[int], None] = lambda rows: None
) -> Reconciled:  # fmt: skip
    """Return how files and the log agree, of what came through a mapping by ``coterie ingest``. Cost: about 12 µs per row."""

    def again() -> Iterator[_Taken]:
        for path in paths:
            for taken in files.take(path, mapping, now=now):
                yield _Taken(taken.events, taken.rows, taken.skipped, taken.refused.num_rows)

    return _compared(project, mapping.source, (mapping.source,), again(), now, asked, progress)


def _again(project: Project, definition: Definition, now: int) -> Iterator[_Taken]:
    """Yield everything that the source has, read with a folder of its own, so that nothing it remembers is changed."""
    rules = rules_of(project.settings.identity)
    mapper = Mapper(definition, rules, limits=project.settings.limits, told=_Forgetful())
    with tempfile.TemporaryDirectory(prefix="coterie-reread-") as folder:
        setting = Setting(
            name=definition.name, root=project.root, folder=Path(folder), layout=definition.mapping.layout,
            limits=project.settings.limits,
        )  # fmt: skip
        source = definitions.open_origin(definition.origin, setting, os.environ)
        try:
            for page in source.read({}):
                taken = mapper.take(page.chunk, page.place, now, page.scope)
                yield _Taken(taken.events, taken.rows, taken.skipped, taken.refused.num_rows)
                if source.continuous and page.done >= 1.0 and not taken.rows:
                    break
        finally:
            source.close()


def _compared(
    project: Project, name: str, labels: Sequence[str], again: Iterator[_Taken], now: int, asked: Asked,
    progress: Callable[[int], None],
) -> Reconciled:  # fmt: skip
    intake, rules = intake_of(project), rules_of(project.settings.identity)
    rows = skipped = refused = dropped = 0
    with sides() as both:
        for taken in again:
            admitted = admit(intake, rules, taken.events, labels[0], now)
            both.add(admitted.events)
            rows, skipped = rows + taken.rows, skipped + taken.skipped
            refused, dropped = refused + taken.refused + admitted.refused.num_rows, dropped + admitted.dropped
            progress(rows)
        kept = policy_of(project.settings.privacy.retention).before("events", now)
        since = max(asked.since, -FOR_EVER if kept is None else kept)
        both.compare(project.events.files(), list(dict.fromkeys(labels)), since, asked.until)
        return Reconciled(
            source=name, at=now, days=_days(both), rows=rows, skipped=skipped, refused=refused, dropped=dropped,
            strange=[
                Strange(day=day_text(one["day"]), event_id=one["event_id"], event=one["name"], what=one["what"])
                for one in both.ids(asked.day, asked.strange)
            ],
        )  # fmt: skip


def _days(both: Sides) -> dict[str, Day]:
    sums: dict[int, list[Sum]] = {}
    for one in both.sums():
        told = Sum(event=one["name"], property=one["key"], there=one["there"], here=one["here"])
        sums.setdefault(one["day"], []).append(told)
    return {
        day_text(one["day"]): Day(
            there=one["there"], here=one["here"], missing=one["missing"], extra=one["extra"],
            different=one["different"], sums=sums.get(one["day"], []),
        )
        for one in both.days()
    }  # fmt: skip


def keep(project: Project, told: Reconciled) -> list[Finding]:
    """The result is in the book of quality; return what is wrong. No id of an event is kept, only numbers.

    Days that were wrong before and are exact now are no longer findings.
    """
    book, asker = book_of(project), f"reconcile {told.source}"
    days = {date.fromisoformat(text).toordinal() - EPOCH: one for text, one in told.days.items()}
    book.reconcile(told.source, told.at, {day: msgspec.json.encode(one) for day, one in days.items()})
    found = {day: finding for day, one in days.items() if (finding := finding_of(told.source, day, one, project))}
    wrong = {
        one.finding.day
        for one in book.findings()
        if one.finding.check is Check.RECONCILIATION and one.finding.source == told.source
    }
    for day in sorted(found.keys() | (wrong & days.keys())):
        book.record(day, [found[day]] if day in found else [], told.at, over=True, asker=asker)
    return list(found.values())


def finding_of(source: str, day: int, one: Day, project: Project) -> Finding | None:
    """Return what is wrong with a day of a source, ``None`` when both sides are the same."""
    if one.is_exact:
        return None
    parts = [(one.missing, "missing"), (one.extra, "not at the source"), (one.different, "different")]
    told = ", ".join(f"{count:,} {word}" for count, word in parts if count)
    return Finding(
        day=day, check=Check.RECONCILIATION, stage=Stage.LAND, event="*", source=source, measure="reconciled",
        severity=Severity.ERROR if one.missing or one.different else Severity.WARNING,
        says=f"{source}: {one.there:,} events at the source, {one.here:,} landed: {told}",
        received=one.here, expected=one.there, rows=one.missing + one.extra + one.different,
        owner=project.settings.quality.owner,
    )  # fmt: skip
