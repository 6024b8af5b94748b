"""A small world for triggers: people as plain data, batches from short lines, runs on an SQLite connection in memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from coterie.model import Identifier, Value
from coterie.storage.log import SCHEMA as LOG
from coterie.storage.state import outbox, trigger_runs
from coterie.storage.state.trigger_runs import TriggerRuns
from coterie.triggers.definition import Trigger
from coterie.triggers.parse import parse
from coterie.values import canonical, event_key

NOON = 1_773_835_200_000_000
"""12:00 UTC on 18 March 2026."""
HOUR = 3_600_000_000
DAY = 24 * HOUR


class People:
    """People as a test says they are."""

    def __init__(
        self,
        traits: Mapping[str, Mapping[str, Value]] | None = None,
        segments: Mapping[str, set[str]] | None = None,
        absorbed: Mapping[str, str] | None = None,
    ) -> None:
        self.of, self.members, self.absorbed = dict(traits or {}), dict(segments or {}), dict(absorbed or {})
        self.asked: list[str] = []

    def canonical(self, profile: str) -> str:
        return self.absorbed.get(profile, profile)

    def known_as(self, profile: str) -> Sequence[str]:
        return [profile, *sorted(one for one, into in self.absorbed.items() if into == profile)]

    def traits(self, profile: str) -> Mapping[str, Value]:
        self.asked.append(profile)
        return self.of.get(profile, {})

    def identifiers(self, profile: str) -> Sequence[Identifier]:
        return [Identifier("user_id", profile)]

    def segments(self, profile: str) -> set[str]:
        return {key for key, members in self.members.items() if profile in members}


def database() -> sqlite3.Connection:
    """Return an empty database with the tables of triggers and the outbox, in autocommit."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    connection.executescript(trigger_runs.SCHEMA + outbox.SCHEMA)
    return connection


def started(*triggers: Trigger, at: int = 0) -> TriggerRuns:
    """Return runs in which the triggers are on since ``at``."""
    runs = TriggerRuns(database())
    for one in triggers:
        runs.begin(one.key, at)
    return runs


def trigger(**fields: Any) -> Trigger:
    """Return a trigger on entering ``at-risk`` that tells ``inbox``, with these fields besides."""
    fields = {name.rstrip("_"): value for name, value in fields.items()}
    return parse({"key": "care", "when": {"entered": "at-risk"}, "destination": "inbox", **fields})


def rows(*events: tuple[Any, ...]) -> pa.Table:
    """Return a log of (position, profile, name, at, properties), each with the id ``e<position>``; ``at`` may be
    (occurred, received)."""
    columns: dict[str, list[Any]] = {name: [] for name in LOG.names}
    for position, profile, name, at, properties in events:
        occurred, received = at if isinstance(at, tuple) else (at, at)
        values = (
            position,
            f"e{position}",
            event_key(f"e{position}"),
            profile,
            name,
            occurred,
            received,
            canonical(properties),
            "",
        )
        for column, value in zip(LOG.names, values, strict=True):
            columns[column].append(value)
    return pa.table(columns, schema=LOG)


def changes(*told: tuple[Any, ...]) -> pa.Table:
    """Return changes of (profile, direction, segment, at, cause, position); dictionaries as the live reader gives them."""
    coded = pa.dictionary(pa.int32(), pa.string())
    types = {"segment": coded, "version": pa.int64(), "profile": pa.string(), "direction": coded, "at": pa.int64(),
             "cause": coded, "event_id": pa.string(), "position": pa.int64()}  # fmt: skip
    columns: dict[str, list[Any]] = {name: [] for name in types}
    for profile, direction, segment, at, cause, position in told:
        event_id = f"e{position}" if position >= 0 else ""
        for name, value in zip(types, (segment, 1, profile, direction, at, cause, event_id, position), strict=True):
            columns[name].append(value)
    return pa.table({name: pa.array(columns[name], kind) for name, kind in types.items()})


def entered(
    profile: str, at: int = NOON, cause: str = "timer", position: int = -1, segment: str = "at-risk"
) -> pa.Table:
    """Return one entry."""
    return changes((profile, "entered", segment, at, cause, position))
