"""The statements that measure: one row per day and subject. ``log`` is the event log, days are UTC days of arrival."""

from __future__ import annotations

from collections.abc import Sequence

from coterie.limits import DAY_US, HOUR_US
from coterie.storage.hot import pointer
from coterie.storage.lake.parts import literal
from coterie.values import canonical

PEOPLE_LEAST = 5
"""A value is kept by its name only when so many different profiles have it on the day: no identifier of a person is."""
VALUES_MOST = 30
"""Values kept of one property and day; the others are counted together."""
SHAPES_MOST = 12
EVENTS_MOST = 1_000
"""Events of a day that are measured by name, the most frequent ones; names that hold an id are without end."""
KEYS_MOST = 500
"""Properties of one event and day that are measured, the most frequent ones."""
REFERENCE_DAYS = 14
"""How long before a row the row it refers to may lie."""
REPEAT_DAYS = 7
"""How far back a row is looked for that says the same."""
GARBLED = r"\x{FFFD}|[ÃÂÐÑ][\x{0080}-\x{00BF}–—‘’“”„•…‰™šŠœŒžŸ€‚ƒ†‡ˆ‹›]|â€|\p{L}\?\p{L}"
"""Marks of text that was read in a wrong encoding: UTF-8 as Latin-1 or the other way round, or letters lost to ``?``."""
HEX = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]+[a-f][0-9a-f]{6,}|[a-f]+[0-9][0-9a-f]{6,}"
"""Identifiers without meaning: their letters and digits fall as they may, and are no shape."""

DAY = f"received_at // {DAY_US}"

ROWS = f"""
CREATE TEMP TABLE heaps AS
SELECT {DAY} AS day, name, source, profile, count(*) AS rows FROM log
WHERE received_at >= $first * {DAY_US} AND received_at < $last * {DAY_US} GROUP BY ALL
"""
"""Rows per day, event, source and profile: what counts and concentrations are made from."""

EVENTS = """
SELECT day, name, sum(rows)::BIGINT AS rows, count(*) AS profiles, max(rows)::BIGINT AS heaviest
FROM (SELECT day, name, profile, sum(rows) AS rows FROM heaps GROUP BY ALL) GROUP BY ALL ORDER BY day, rows DESC, name
"""
SOURCES = "SELECT day, name, source, sum(rows)::BIGINT AS rows FROM heaps WHERE source <> '' GROUP BY ALL"

INSTANTS = f"""
SELECT {DAY} AS day, name, source, (received_at % {DAY_US}) // {HOUR_US} AS hour,
    CASE WHEN received_at <= occurred_at THEN 0
         ELSE round(2 * log2(1 + (received_at - occurred_at) / 1000.0)) END::INTEGER AS delay, count(*) AS rows
FROM log WHERE received_at >= $first * {DAY_US} AND received_at < $last * {DAY_US} GROUP BY ALL
"""
"""Hours of arrival, and delays in half doublings of milliseconds."""

REPEATED = f"""
WITH said AS (
    SELECT {DAY} AS day, name, hash(profile, name, occurred_at, properties) AS content FROM log
    WHERE received_at >= ($first - {REPEAT_DAYS}) * {DAY_US} AND received_at < $last * {DAY_US}
        AND hash(profile, name, occurred_at, properties) % $every = 0
), marked AS (
    SELECT day, name, lag(day) OVER (PARTITION BY content ORDER BY day) AS before FROM said
)
SELECT day, name, count(*) AS rows, count(*) FILTER (WHERE before >= day - {REPEAT_DAYS}) AS repeated FROM marked
WHERE day >= $first GROUP BY ALL
"""

CELLS = f"""
CREATE TEMP TABLE cells AS
WITH rows AS (
    SELECT {DAY} AS day, name, profile, properties FROM log
    WHERE received_at >= $first * {DAY_US} AND received_at < $last * {DAY_US} AND properties <> '{{}}'
        AND hash(event_key) % $every = 0
)
SELECT day, name, profile, cell.key AS key, CASE cell.type
    WHEN 'VARCHAR' THEN 'text' WHEN 'BOOLEAN' THEN 'boolean' WHEN 'ARRAY' THEN 'list' WHEN 'OBJECT' THEN 'object'
    WHEN 'NULL' THEN 'null' ELSE 'number' END AS kind,
    cell.value->>'$' AS text, CASE WHEN cell.type IN ('BIGINT', 'UBIGINT', 'DOUBLE') THEN cell.value::DOUBLE END AS number
FROM rows, json_each(rows.properties) cell WHERE cell.type <> 'NULL'
"""

RARE = f"""
CREATE TEMP TABLE rare AS SELECT day, name, key FROM (SELECT day, name, key, count(*) AS rows FROM cells GROUP BY ALL)
QUALIFY row_number() OVER (PARTITION BY day, name ORDER BY rows DESC, key) > {KEYS_MOST}
"""
FORGET_RARE = "DELETE FROM cells WHERE (day, name, key) IN (SELECT (day, name, key) FROM rare)"

SAMPLED = f"""
SELECT {DAY} AS day, name, count(*) AS rows FROM log
WHERE received_at >= $first * {DAY_US} AND received_at < $last * {DAY_US} AND hash(event_key) % $every = 0 GROUP BY ALL
"""

PROPERTIES = f"""
SELECT day, name, key, count(*) AS present,
    count(*) FILTER (WHERE kind = 'text') AS texts, count(DISTINCT text) FILTER (WHERE kind = 'text') AS distincts,
    count(*) FILTER (WHERE kind = 'text' AND trim(text) = '') AS blank,
    count(*) FILTER (WHERE kind = 'text' AND trim(text) <> '' AND trim(text) <> text) AS padded,
    count(*) FILTER (WHERE kind = 'text' AND (strlen(text) <> length(text) OR contains(text, '?'))
        AND regexp_matches(text, '{GARBLED}')) AS garbled,
    count(number) AS numbers, count(*) FILTER (WHERE number < 0) AS negative, count(*) FILTER (WHERE number = 0) AS zero,
    count(*) FILTER (WHERE number = floor(number)) AS entire
FROM cells GROUP BY ALL
"""

TYPES = "SELECT day, name, key, kind AS value, count(*) AS rows FROM cells GROUP BY ALL"
NUMBERS = """
SELECT day, name, key, (CASE WHEN abs(number) < pow(2.0, -49) THEN 0
    ELSE sign(number) * (200 + round(4 * log2(abs(number)))) END)::INTEGER AS value, count(*) AS rows
FROM cells WHERE number IS NOT NULL AND isfinite(number) GROUP BY ALL
"""
LENGTHS = """
SELECT day, name, key, round(2 * log2(1 + length(text)))::INTEGER AS value, count(*) AS rows
FROM cells WHERE kind = 'text' GROUP BY ALL
"""
VALUES = f"""
WITH told AS (
    SELECT day, name, key, text AS value, count(*) AS rows, count(DISTINCT profile) AS people
    FROM cells WHERE kind IN ('text', 'boolean') AND length(text) <= 60 GROUP BY ALL
)
SELECT day, name, key, value, rows FROM told WHERE people >= {PEOPLE_LEAST}
QUALIFY row_number() OVER (PARTITION BY day, name, key ORDER BY rows DESC, value) <= {VALUES_MOST}
"""
SHAPES = f"""
WITH distinct_texts AS (SELECT day, name, key, text, count(*) AS rows FROM cells WHERE kind = 'text' GROUP BY ALL),
shaped AS (
    SELECT day, name, key, rows, left(regexp_replace(regexp_replace(regexp_replace(regexp_replace(
        text, '{HEX}', '#', 'g'), '[0-9]+', '9', 'g'), '\\p{{Lu}}+', 'A', 'g'), '[\\p{{Ll}}\\p{{Lo}}]+', 'a', 'g'), 24)
        AS value FROM distinct_texts
)
SELECT day, name, key, value, rows
FROM (SELECT day, name, key, value, sum(rows)::BIGINT AS rows FROM shaped GROUP BY ALL)
QUALIFY row_number() OVER (PARTITION BY day, name, key ORDER BY rows DESC, value) <= {SHAPES_MOST}
"""

KEYS = """
SELECT key, list(DISTINCT name) AS names FROM (
    SELECT name, key, day FROM cells WHERE kind = 'text' AND name[1] <> '$' GROUP BY ALL HAVING count(DISTINCT text) >= 20
) GROUP BY ALL HAVING count(DISTINCT name) >= 2 ORDER BY key LIMIT 12
"""
"""Properties of the same name in several events, with many values: what one event may refer to another by."""

REFERENCES = f"""
WITH asked_keys (key, needle, place) AS (VALUES $keys), rows AS (
    SELECT {DAY} AS day, name, properties FROM log WHERE name[1] <> '$'
        AND received_at >= ($first - {REFERENCE_DAYS}) * {DAY_US} AND received_at < $last * {DAY_US}
), refs AS MATERIALIZED (
    SELECT DISTINCT day, name, key, properties->>place AS text FROM rows, asked_keys
    WHERE contains(properties, needle) AND hash(properties->>place) % $every = 0
), asked AS (
    SELECT here.day, here.name, here.key, here.text, other.name AS origin
    FROM refs here JOIN (SELECT DISTINCT name, key FROM refs) other ON other.key = here.key AND other.name <> here.name
    WHERE here.day >= $first AND here.text IS NOT NULL
)
SELECT asked.day, asked.name, asked.key, asked.origin, count(*) AS rows,
    count(*) FILTER (WHERE refs.day IS NULL OR asked.day - refs.day > {REFERENCE_DAYS}) AS orphans
FROM asked ASOF LEFT JOIN refs
    ON asked.origin = refs.name AND asked.key = refs.key AND asked.text = refs.text AND asked.day >= refs.day
GROUP BY ALL
"""
"""Per day, event, key and other event: values that the other event never had. ``$keys`` is what ``spelled`` returns."""


def spelled(keys: Sequence[str]) -> str:
    """Return keys as rows of (key, how it stands in the text of a JSON object, JSON pointer to it), whatever characters they have."""
    return ", ".join(f"({literal(key)}, {literal(canonical(key) + ':')}, {pointer(key)})" for key in keys)
