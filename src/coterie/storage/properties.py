"""The values that properties have in the log: types, how many different ones, ranges, formats."""

from __future__ import annotations

from msgspec import Struct

from coterie.storage.duck import Duck
from coterie.storage.events import EventStore
from coterie.storage.log import SCHEMA

_DAY = r"[12]\d{3}-(0\d|1[0-2])-([0-2]\d|3[01])"
_CLOCK = r"([01]\d|2[0-3]):[0-5]\d"
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HEX = "%[0-9A-Fa-f]{2}"
_FORMATS: dict[str, str] = {
    "email": rf"[\w%+-]{{1,60}}(\.[\w%+-]{{1,60}}){{0,3}}@{_LABEL}(\.{_LABEL})+",
    "uuid": r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
    "date-time": rf"{_DAY}[Tt]{_CLOCK}:[0-5]\d(\.\d+)?([Zz]|[+-]{_CLOCK})",
    "date": _DAY,
    "uri": rf"https?://{_LABEL}(\.{_LABEL})*(:\d{{1,5}})?(/([\w.~!$&*+,;=:@/-]|{_HEX})*)?(\?([\w.~=&+:,/-]|{_HEX})*)?",
}
"""Format of JSON Schema → what all texts have to match for it to be meant: narrower than the format, so that they have it."""
_DATED = frozenset({"date", "date-time"})
_TYPES = {
    "VARCHAR": "string", "UBIGINT": "integer", "BIGINT": "integer", "HUGEINT": "integer", "DOUBLE": "number",
    "BOOLEAN": "boolean", "ARRAY": "array", "OBJECT": "object",
}  # fmt: skip


class Values(Struct, frozen=True, kw_only=True):
    """The values of one type (of JSON Schema) that a property of an event has; missing ones are not counted."""

    event: str
    name: str
    type: str
    count: int
    distinct: int
    """Different ones, about (within some per cent)."""
    smallest: float | None
    texts: tuple[str, ...] | None
    """All texts where there are at most ``FEW`` different ones."""
    formats: tuple[str, ...]


FEW = 50


def names(store: EventStore, since: int = 0) -> dict[str, int]:
    """Return how many events of each name were received since an instant. Cost: one pass over names and arrivals."""
    with _log(store) as duck:
        found = duck.run(
            f"SELECT name, count(*) AS events FROM events WHERE received_at >= {int(since)} GROUP BY name ORDER BY name"
        )
    return dict(zip(found["name"].to_pylist(), found["events"].to_pylist(), strict=True))


def values(store: EventStore, since: int = 0) -> list[Values]:
    """Return what values the properties have, by event, name and type. Cost: about 1 µs per property on two cores."""
    tests = ", ".join(f"bool_and({_test(name)}) AS f{place}" for place, name in enumerate(_FORMATS))
    with _log(store) as duck:
        duck.execute(
            "CREATE TEMP VIEW told AS SELECT name AS event, one.key AS name, json_type(one.value) AS type,"
            " CASE WHEN json_type(one.value) = 'VARCHAR' THEN one.value->>'$' END AS text, one.value::VARCHAR AS whole"
            " FROM (SELECT name, unnest(map_entries(from_json(properties, '\"MAP(VARCHAR, JSON)\"'))) AS one FROM events"
            f" WHERE received_at >= {int(since)} AND properties <> '{{}}')"
        )
        found = duck.run(
            "SELECT event, name, type, count(*) AS count, approx_count_distinct(whole) AS distinct,"
            f" min(try_cast(whole AS DOUBLE)) AS smallest, {tests} FROM told WHERE type <> 'NULL' GROUP BY ALL ORDER BY ALL"
        ).to_pylist()
        few = duck.run(
            "SELECT event, name, array_agg(DISTINCT text) AS texts FROM told SEMI JOIN"
            " (SELECT event, name FROM told WHERE text IS NOT NULL GROUP BY ALL"
            f" HAVING approx_count_distinct(text) <= {FEW}) few USING (event, name) WHERE text IS NOT NULL GROUP BY ALL"
        ).to_pylist()
    texts = {(one["event"], one["name"]): tuple(sorted(one["texts"])) for one in few}
    return [
        Values(
            event=one["event"], name=one["name"], type=_TYPES.get(one["type"], "string"), count=one["count"],
            distinct=one["distinct"], smallest=None if one["type"] == "VARCHAR" else one["smallest"],
            texts=texts.get((one["event"], one["name"])) if one["type"] == "VARCHAR" else None,
            formats=tuple(name for place, name in enumerate(_FORMATS) if one[f"f{place}"]),
        )
        for one in found
    ]  # fmt: skip


def _test(name: str) -> str:
    """Return the SQL that asks whether a text has a format."""
    matches = f"regexp_full_match(text, '{_FORMATS[name]}')"
    return f"{matches} AND try_cast(left(text, 10) AS DATE) IS NOT NULL" if name in _DATED else matches


def _log(store: EventStore) -> Duck:
    duck = Duck()
    duck.add_log(store.files(), empty=SCHEMA)
    return duck
