"""The committed state without some people: what each table holds of them, and how it goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from coterie.privacy.needles import Needles
from coterie.storage.forgetting import columns_of, tables_of
from coterie.storage.state.database import Connection

_NAMES = "(SELECT value FROM json_each(:names))"
_KEYS = "(SELECT value FROM json_each(:keys))"
ABOUT: dict[str, str] = {
    "profiles": f"profile IN {_NAMES} OR merged_into IN {_NAMES}",
    "memberships": f"profile IN {_NAMES}",
    "changes": f"profile IN {_NAMES}",
    "identifiers": f"profile IN {_NAMES} OR key IN {_NAMES} OR key IN {_KEYS} OR (what IN ('past', 'apart') AND about(key || data))",
    "outbox": f"profile IN {_NAMES} OR about(payload) OR about(run) OR about(last_error)",
    "trigger_runs": f"profile IN {_NAMES} OR about(run)",
    "refusals": "about(id) OR about(row) OR about(detail)",
}
"""Table → which of its rows are about the people; these rows go."""
SAMPLES = {"remarks": "sample"}
"""Table → column whose value goes while the row, a count, stays."""
KEPT = frozenset({"progress", "lake", "applies", "sizes", "refreshes", "triggers", "trigger_days", "trigger_refusals"})
"""Tables of which no row is about anybody."""


class People:
    """The people that questions of this module are about, on one connection."""

    def __init__(self, connection: Connection, profiles: Sequence[str], keys: Sequence[str], needles: Needles) -> None:
        self._connection = connection
        self._told = {"names": _listed(profiles), "keys": _listed(keys)}
        connection.create_function("about", 1, _about(needles), deterministic=True)

    def counts(self) -> dict[str, int]:
        """Return table → rows that are about the people. Cost: one pass over every table."""
        found = {table: self._count(table, condition) for table, condition in self._conditions().items()}
        samples = {table: self._count(table, f"about({column})") for table, column in self._present(SAMPLES).items()}
        return {**found, **samples}

    def erase(self) -> None:
        """Nothing in the tables is about the people; sizes of segments are those that are left. Inside a transaction of the caller."""
        for table, condition in self._conditions().items():
            self._connection.execute(f'DELETE FROM "{table}" WHERE {condition}', self._told)
        for table, column in self._present(SAMPLES).items():
            self._connection.execute(f"UPDATE \"{table}\" SET {column} = '' WHERE about({column})")
        self._connection.execute(
            "UPDATE sizes SET members = (SELECT count(*) FROM memberships WHERE memberships.segment = sizes.segment)"
        )

    def _conditions(self) -> dict[str, str]:
        """Return the condition of every table there is, those that nobody named here too: any column may be about somebody."""
        found = self._present(ABOUT)
        for table in tables_of(self._connection):
            if table not in found and table not in KEPT and table not in SAMPLES and table != "arrivals":
                columns = columns_of(self._connection, table)
                found[table] = " OR ".join(f'about("{column}")' for column in columns)
        return found

    def _present(self, wanted: dict[str, str]) -> dict[str, str]:
        there = set(tables_of(self._connection))
        return {table: value for table, value in wanted.items() if table in there}

    def _count(self, table: str, condition: str) -> int:
        told = self._told if ":" in condition else {}
        return int(self._connection.execute(f'SELECT count(*) FROM "{table}" WHERE {condition}', told).fetchone()[0])


def _about(needles: Needles) -> Callable[[object], bool]:
    def about(value: object) -> bool:
        return isinstance(value, str | bytes) and needles.are_in(value)

    return about


def _listed(values: Sequence[str]) -> str:
    return msgspec.json.encode(list(values)).decode()
