"""The log as the facts of a star schema, in SQL: dense keys, local dates, typed properties, memberships as intervals."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
from msgspec import Struct

from coterie.storage.duck import Duck
from coterie.storage.hot import kind_of, pointer
from coterie.storage.lake.parts import identifier

OWNERS = pa.schema([("profile", pa.string()), ("owner", pa.string())])
"""Ids that were merged for good, with the profile that their records belong to now."""


class Property(Struct, frozen=True):
    """A property of events that has one type everywhere: its key and its SQL type."""

    key: str
    kind: str


def key(column: str) -> str:
    """Return the SQL of the key of a name: the first 60 bits of its MD5, the same in every export.

    >>> key("profile")
    "CAST('0x' || substr(md5(profile), 1, 15) AS BIGINT)"
    """
    return f"CAST('0x' || substr(md5({column}), 1, 15) AS BIGINT)"


def day(column: str, time_zone: str) -> str:
    """Return the SQL of the local date of an instant in µs, as the number yyyymmdd; null for none."""
    return f"CAST(strftime(timezone('{time_zone}', make_timestamptz({column})), '%Y%m%d') AS INTEGER)"


def instant(column: str) -> str:
    """Return the SQL of an instant in µs as a timestamp in UTC without a zone, which every BI tool reads alike."""
    return f"make_timestamp({column})"


def properties(duck: Duck, most: int = 40) -> list[Property]:
    """Return the properties of one primitive type, the ``most`` frequent ones, by name. ``events`` is the log.

    Cost: one pass over the JSON of the log, about 2 µs per event.
    """
    found = duck.run(
        "WITH keyed AS (SELECT properties, unnest(json_keys(properties)) AS key FROM events WHERE name NOT LIKE '$%')"
        " SELECT key, json_type(properties, '/' || replace(replace(key, '~', '~0'), '/', '~1')) AS kind, count(*) AS rows,"
        " max(abs(try_cast(properties->>('/' || replace(replace(key, '~', '~0'), '/', '~1')) AS DOUBLE))) AS most"
        " FROM keyed GROUP BY ALL HAVING kind <> 'NULL'"
    ).to_pylist()
    rows: dict[str, int] = {}
    kinds: dict[str, list[tuple[str, float | None]]] = {}
    for one in found:
        rows[one["key"]] = rows.get(one["key"], 0) + one["rows"]
        kinds.setdefault(one["key"], []).append((one["kind"], one["most"]))
    typed = {name: kind for name, told in kinds.items() if (kind := kind_of(told))}
    frequent = sorted(typed, key=lambda name: (-rows[name], name))[:most]
    return [Property(name, typed[name]) for name in sorted(frequent)]


def events(columns: Mapping[str, Property], time_zone: str) -> str:
    """Return the statement of the fact table of events; ``columns`` says how each typed property is called."""
    typed = "".join(
        f", CAST(e.properties->>{pointer(one.key)} AS {one.kind}) AS {identifier(name)}"
        for name, one in columns.items()
    )
    return (
        f"SELECT e.event_id, {key('coalesce(o.owner, e.profile)')} AS profile_key, {day('e.occurred_at', time_zone)} AS date_key,"
        f" {instant('e.occurred_at')} AS occurred_at, {instant('e.received_at')} AS received_at, e.name AS event,"
        f" e.source{typed}, e.properties FROM events e LEFT JOIN owners o ON e.profile = o.profile WHERE e.name NOT LIKE '$%'"
    )


def memberships(time_zone: str) -> str:
    """Return the statement of the fact table of memberships: one row from an entry to the exit after it.

    Reads ``changes`` (the change log) and ``standing`` (segment, version, profile): members of segments without a change log.
    """
    owner = "coalesce(o.owner, m.profile)"
    return (
        'WITH told AS (SELECT segment, version, profile, direction, "at", cause,'
        ' lead("at") OVER w AS left_at, lead(cause) OVER w AS left_cause FROM changes'
        " WINDOW w AS (PARTITION BY segment, profile ORDER BY sequence)),"
        ' stays AS (SELECT segment, version, profile, "at" AS since, left_at AS until, cause, left_cause FROM told'
        " WHERE direction = 'entered' UNION ALL BY NAME SELECT segment, version, profile, NULL::BIGINT AS since,"
        " NULL::BIGINT AS until, NULL::VARCHAR AS cause, NULL::VARCHAR AS left_cause FROM standing)"
        f" SELECT {key('m.segment')} AS segment_key, {key(owner)} AS profile_key, m.version, {instant('m.since')} AS entered_at,"
        f" {instant('m.until')} AS exited_at, {day('m.since', time_zone)} AS entered_date_key,"
        f" {day('m.until', time_zone)} AS exited_date_key, m.cause AS entered_cause, m.left_cause AS exited_cause,"
        " m.until IS NULL AS is_member FROM stays m LEFT JOIN owners o ON m.profile = o.profile"
        " ORDER BY segment_key, entered_at NULLS FIRST, profile_key"
    )


def dates(first: int, last: int, time_zone: str) -> str:
    """Return the statement of the dimension of dates, from the day of one instant to the day of another."""
    begin, end = (f"CAST(timezone('{time_zone}', make_timestamptz({at})) AS DATE)" for at in (first, last))
    return (
        "SELECT CAST(strftime(day, '%Y%m%d') AS INTEGER) AS date_key, day AS date, year(day) AS year, quarter(day) AS quarter,"
        " month(day) AS month, monthname(day) AS month_name, isoyear(day) AS iso_year, weekofyear(day) AS iso_week,"
        " dayofmonth(day) AS day, isodow(day) AS weekday, dayname(day) AS weekday_name, isodow(day) >= 6 AS is_weekend"
        f" FROM (SELECT CAST(unnest(generate_series({begin}, {end}, INTERVAL 1 DAY)) AS DATE) AS day)"
    )


def keyed(names: str) -> str:
    """Return the statement that gives every row of a table its key in front, by its column ``names``."""
    return f"SELECT {key(names)} AS {names}_key, * FROM rows ORDER BY {names}"
