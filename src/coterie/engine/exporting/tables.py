"""The tables of the star schema as Arrow, the large ones a batch at a time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from coterie.engine import definitions
from coterie.engine.history import History, merges_of
from coterie.engine.project import Project
from coterie.engine.running.rebuilding import traits_of
from coterie.identity.merges import Merges
from coterie.storage import changes, log, star
from coterie.storage.duck import Duck
from coterie.values import canonical

ROWS = 200_000
"""Rows of one batch."""
STANDING = pa.schema([("segment", pa.string()), ("version", pa.int64()), ("profile", pa.string())])
Made = dict[str, Callable[[], pa.RecordBatchReader]]
"""Table → how it is read, once."""


class Star:
    """The star schema of a project as of now. ``tables`` may be read in any order while it is open."""

    def __init__(self, project: Project, duck: Duck, most_properties: int) -> None:
        self._project, self._duck = project, duck
        self._zone, self._at = project.settings.time_zone, project.present()
        self._merges = merges_of(project.events)
        duck.add_files("events", project.events.files(), log.SCHEMA)
        duck.add_table("owners", owners_of(self._merges))
        self._segments = definitions.in_use(project)
        self._add_memberships()
        found = star.properties(duck, most_properties)
        self.properties = dict(zip(named("p_", [one.key for one in found]), found, strict=True))

    def tables(self) -> Made:
        """Return how each table is read."""
        extent = self._project.events.extent()
        first = extent.first_received_at or self._at
        occurred = self._duck.run("SELECT min(occurred_at) AS first FROM events")["first"][0].as_py()
        return {
            "dates": lambda: self._stream(star.dates(min(first, occurred or first), self._at, self._zone)),
            "profiles": lambda: self._keyed("profiles", self._profiles(), "profile"),
            "segments": lambda: self._keyed("segments", self._segment_rows(), "segment"),
            "events": lambda: self._stream(star.events(self.properties, self._zone)),
            "memberships": lambda: self._stream(star.memberships(self._zone)),
        }

    def _stream(self, statement: str) -> pa.RecordBatchReader:
        return self._duck.stream(statement, ROWS)

    def _keyed(self, name: str, rows: pa.Table, column: str) -> pa.RecordBatchReader:
        self._duck.add_table("rows", rows)
        return self._duck.run(star.keyed(column)).rename_columns([f"{column}_key", *rows.column_names]).to_reader(ROWS)

    def _add_memberships(self) -> None:
        """The change log, and the members of segments that it does not know, can be read."""
        table = self._project.changes.table()
        told = set(table["segment"].unique().to_pylist())
        rows: list[dict[str, Any]] = []
        if silent := [one for one in self._segments if one.key not in told]:
            catalog = definitions.catalog(self._project, self._segments)
            with History(self._project.events) as history:
                for one in silent:
                    members = sorted(history.members_at(catalog, one.key, self._at))
                    rows += [{"segment": one.key, "version": 0, "profile": profile} for profile in members]
        self._duck.add_table("changes", table.cast(changes.SCHEMA))
        self._duck.add_table("standing", pa.Table.from_pylist(rows, schema=STANDING))

    def _profiles(self) -> pa.Table:
        found = traits_of(self._project.events.batches(ROWS), self._merges.canonical)
        people = sorted((one for one in found.values() if one.merged_into is None), key=lambda one: one.profile)
        traits = sorted({name for one in people for name, (value, *_) in one.traits.items() if value is not None})
        columns: dict[str, pa.Array] = {
            "profile": pa.array([one.profile for one in people], pa.string()),
            "first_seen": pa.array([_instant(one.first_seen) for one in people], pa.timestamp("us")),
        }
        for column, name in zip(named("trait_", traits), traits, strict=True):
            columns[column] = typed([one.traits[name][0] if name in one.traits else None for one in people])
        return pa.table(columns)

    def _segment_rows(self) -> pa.Table:
        current = self._project.applied.current()
        sizes = self._duck.run(
            "SELECT segment, count(*) AS size FROM (SELECT segment FROM standing UNION ALL SELECT segment FROM changes"
            " QUALIFY row_number() OVER (PARTITION BY segment, profile ORDER BY sequence DESC) = 1"
            " AND direction = 'entered') GROUP BY segment"
        )
        size = dict(zip(sizes["segment"].to_pylist(), sizes["size"].to_pylist(), strict=True))
        columns: Mapping[str, Sequence[Any]] = {
            "segment": [one.key for one in self._segments],
            "name": [one.title or one.key for one in self._segments],
            "version": [current[one.key].version if one.key in current else 0 for one in self._segments],
            "says": [one.says() for one in self._segments],
            "size": [size.get(one.key, 0) for one in self._segments],
        }
        kinds = {"version": pa.int64(), "size": pa.int64()}
        return pa.table({name: pa.array(values, kinds.get(name, pa.string())) for name, values in columns.items()})


def owners_of(merges: Merges) -> pa.Table:
    """Return every id that was merged for good with the profile that its records belong to now."""
    rows = [{"profile": one.profile, "owner": one.canonical} for one in merges.intervals() if one.until is None]
    return pa.Table.from_pylist(rows, schema=star.OWNERS)


def named(prefix: str, names: Iterable[str]) -> list[str]:
    """Return column names that every tool takes: small letters, digits and underscores, each one once.

    >>> named("p_", ["Total", "total", "page.path"])
    ['p_total', 'p_total_2', 'p_page_path']
    """
    taken: dict[str, int] = {}
    made = []
    for name in names:
        plain = prefix + re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
        taken[plain] = taken.get(plain, 0) + 1
        made.append(plain if taken[plain] == 1 else f"{plain}_{taken[plain]}")
    return made


def typed(values: Sequence[Any]) -> pa.Array:
    """Return values as one column: booleans, whole numbers, numbers or text; what is mixed or a list becomes JSON text."""
    kinds = {type(one) for one in values if one is not None}
    if not kinds or kinds == {str}:
        return pa.array(values, pa.string())
    if kinds == {bool}:
        return pa.array(values, pa.bool_())
    if kinds == {int} and all(one is None or -(2**63) <= one < 2**63 for one in values):
        return pa.array(values, pa.int64())
    if kinds <= {int, float}:
        return pa.array([None if one is None else float(one) for one in values], pa.float64())
    return pa.array([one if one is None or isinstance(one, str) else canonical(one) for one in values], pa.string())


def _instant(at: int) -> datetime | None:
    return datetime.fromtimestamp(at / 1e6, UTC).replace(tzinfo=None) if at else None
