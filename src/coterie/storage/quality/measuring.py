"""Measures of the event log, day by day, in one pass of DuckDB over the days that are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from coterie.limits import DAY_US
from coterie.model import LINK, MERGE, TRAIT_EVENTS, UNMERGE
from coterie.monitoring.measures import EVERY, OTHER, Count, Observation, Share, Spread, Subject
from coterie.monitoring.terms import Stage
from coterie.storage.duck import Duck, Files
from coterie.storage.lake.parts import literal
from coterie.storage.log import SCHEMA
from coterie.storage.quality import statements

CELL_ROWS_MOST = 2_000_000
"""Rows whose properties are looked at in one pass; of more, a sample of so many, drawn by the hash of the event's key."""
HIDDEN_MOST = 0.2
"""Where more rows than that have values that may not be named, the spread of values says too little to be kept."""
ABOUT_PROFILES = frozenset((*TRAIT_EVENTS, MERGE, UNMERGE, LINK))
Days = dict[int, dict[Subject, Observation]]


def measure(log: pa.Table | Files, first: int, last: int, *, threads: int = 2, memory: str = "") -> Days:
    """Return what was measured of each day from ``first`` up to but not including ``last`` (days since 1970, UTC, of arrival).

    ``log``: rows in the shape of a log, or its Parquet files; the two weeks before ``first`` are looked at for references.
    Cost: about 5 µs per event.
    """
    with Duck(threads=threads, memory=memory) as duck:
        if isinstance(log, pa.Table):
            duck.add_table("log", log)
        else:
            duck.add_files("log", log, SCHEMA)
        return _Measuring(duck, first, last).run()


def rows_by_day(files: Files, since: int) -> dict[int, int]:
    """Return day of arrival → rows of the log, from the day ``since`` on. Cost: one column is read."""
    with Duck(threads=2) as duck:
        duck.add_files("log", files, SCHEMA)
        chosen = f"WHERE received_at >= {since * DAY_US} GROUP BY ALL ORDER BY day"
        found = duck.run(f"SELECT {statements.DAY} AS day, count(*) AS rows FROM log {chosen}").to_pylist()
    return {one["day"]: one["rows"] for one in found}


def newest(files: Files, event: str, source: str = "") -> int:
    """Return when the newest row of an event arrived, 0 for none."""
    with Duck(threads=1) as duck:
        duck.add_files("log", files, SCHEMA)
        chosen = f"name = {literal(event)}" + (f" AND source = {literal(source)}" if source else "")
        found = duck.run(f"SELECT coalesce(max(received_at), 0) AS at FROM log WHERE {chosen}")
    return int(found["at"][0].as_py())


def stage_of(name: str) -> str:
    """Return the stage at which an event is checked: what says who people are is checked as profiles."""
    return Stage.PROFILE if name in ABOUT_PROFILES else Stage.LAND


class _Measuring:
    def __init__(self, duck: Duck, first: int, last: int) -> None:
        self._duck, self._first, self._last = duck, first, last
        self._every = 1
        self._days: Days = {}
        self._names: dict[int, set[str]] = {}
        """Events of each day that are measured by name."""

    def run(self) -> Days:
        self._execute(statements.ROWS)
        rows = self._events()
        self._every = max(1, -(-sum(rows.values()) // CELL_ROWS_MOST))
        self._instants()
        self._repeated()
        self._execute(statements.CELLS)
        self._execute(statements.RARE)
        if any(True for _ in self._rows("SELECT 1 FROM rare LIMIT 1")):
            self._execute(statements.FORGET_RARE)
        self._properties()
        self._spreads()
        self._references()
        return self._days

    def _execute(self, statement: str) -> None:
        self._duck.execute(self._bound(statement))

    def _rows(self, statement: str) -> Iterator[dict[str, Any]]:
        yield from self._duck.run(self._bound(statement)).to_pylist()

    def _bound(self, statement: str) -> str:
        for name, value in (("$first", self._first), ("$last", self._last), ("$every", self._every)):
            statement = statement.replace(name, str(int(value)))
        return statement

    def _put(self, day: int, event: str, measure: str, value: Observation, key: str = "", source: str = "") -> None:
        if event != EVERY and event not in self._names.get(day, ()):
            return
        stage = Stage.LAND if event == EVERY else stage_of(event)
        self._days.setdefault(day, {})[Subject(stage, event, key, source, measure)] = value

    def _events(self) -> dict[tuple[int, str], int]:
        rows: dict[tuple[int, str], int] = {}
        whole: dict[int, int] = {}
        for one in self._rows(statements.EVENTS):
            day, name, count = one["day"], one["name"], one["rows"]
            rows[day, name] = count
            names = self._names.setdefault(day, set())
            if len(names) < statements.EVENTS_MOST:
                names.add(name)
            whole[day] = whole.get(day, 0) + count
            self._put(day, name, "rows", Count(count))
            self._put(day, name, "profiles", Share(one["profiles"], count))
            self._put(day, name, "heaviest", Share(one["heaviest"], count))
        for day, count in whole.items():
            self._put(day, EVERY, "rows", Count(count))
        by_source: dict[tuple[int, str], int] = {}
        for one in self._rows(statements.SOURCES):
            by_source[one["day"], one["source"]] = by_source.get((one["day"], one["source"]), 0) + one["rows"]
            self._put(one["day"], one["name"], "rows", Count(one["rows"]), source=one["source"])
        for (day, source), count in by_source.items():
            self._put(day, EVERY, "rows", Count(count), source=source)
        return rows

    def _instants(self) -> None:
        hours: dict[tuple[int, str, str], dict[str, float]] = {}
        delays: dict[tuple[int, str], dict[str, float]] = {}
        for one in self._rows(statements.INSTANTS):
            day, hour, rows = one["day"], str(one["hour"]), one["rows"]
            places = [(day, one["name"], ""), (day, EVERY, "")]
            if one["source"]:
                places.append((day, EVERY, one["source"]))
            for place in places:
                told = hours.setdefault(place, {})
                told[hour] = told.get(hour, 0) + rows
            late = delays.setdefault((day, one["name"]), {})
            late[str(one["delay"])] = late.get(str(one["delay"]), 0) + rows
        for (day, name, source), counts in hours.items():
            self._put(day, name, "hours", Spread(counts), source=source)
        for (day, name), counts in delays.items():
            self._put(day, name, "delays", Spread(counts))

    def _repeated(self) -> None:
        for one in self._rows(statements.REPEATED):
            self._put(one["day"], one["name"], "repeated", Share(one["repeated"], one["rows"]))

    def _properties(self) -> None:
        sampled = {(one["day"], one["name"]): one["rows"] for one in self._rows(statements.SAMPLED)}
        for one in self._rows(statements.PROPERTIES):
            day, name, key = one["day"], one["name"], one["key"]
            whole = sampled[day, name]
            self._put(day, name, "missing", Share(whole - one["present"], whole), key)
            if one["texts"]:
                self._put(day, name, "alike", Share(one["texts"] - one["distincts"], one["texts"]), key)
                for word in ("blank", "padded", "garbled"):
                    self._put(day, name, word, Share(one[word], one["texts"]), key)
            if one["numbers"]:
                for word in ("negative", "zero", "entire"):
                    self._put(day, name, word, Share(one[word], one["numbers"]), key)

    def _spreads(self) -> None:
        wholes: dict[tuple[int, str, str], dict[str, float]] = {}
        for one in self._rows(statements.TYPES):
            wholes.setdefault((one["day"], one["name"], one["key"]), {})[one["value"]] = one["rows"]
        for (day, name, key), types in wholes.items():
            self._put(day, name, "types", Spread(types), key)
        for measure, statement in (("numbers", statements.NUMBERS), ("lengths", statements.LENGTHS)):
            for (day, name, key), counts in self._gathered(statement).items():
                self._put(day, name, measure, Spread(counts), key)
        for measure, statement in (("values", statements.VALUES), ("shapes", statements.SHAPES)):
            for (day, name, key), counts in self._gathered(statement).items():
                told = wholes[day, name, key]
                whole = told.get("text", 0) + (told.get("boolean", 0) if measure == "values" else 0)
                rest = whole - sum(counts.values())
                if rest <= whole * HIDDEN_MOST:
                    self._put(day, name, measure, Spread({**counts, **({OTHER: rest} if rest else {})}), key)

    def _gathered(self, statement: str) -> dict[tuple[int, str, str], dict[str, float]]:
        found: dict[tuple[int, str, str], dict[str, float]] = {}
        for one in self._rows(statement):
            found.setdefault((one["day"], one["name"], one["key"]), {})[str(one["value"])] = one["rows"]
        return found

    def _references(self) -> None:
        keys = [one["key"] for one in self._rows(statements.KEYS)]
        if not keys:
            return
        statement = self._bound(statements.REFERENCES).replace("$keys", statements.spelled(keys))
        for one in self._duck.run(statement).to_pylist():
            share = Share(one["orphans"], one["rows"])
            self._put(one["day"], one["name"], f"orphans:{one['origin']}", share, one["key"])
