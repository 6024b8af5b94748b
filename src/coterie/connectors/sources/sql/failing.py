"""What a database says when it refuses, as the failures that all sources share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy.exc

from coterie.connectors.sources.failures import (
    Absent,
    CredentialsRefused,
    RateLimited,
    SchemaChanged,
    Truncated,
    Unreachable,
    Unreadable,
)
from coterie.errors import CoterieError

_SORTS: dict[str, tuple[type[CoterieError], str]] = {
    "credentials": (CredentialsRefused, "check user and password, and that the user may read this"),
    "absent": (Absent, "check the name of the database, schema and table"),
    "schema": (
        SchemaChanged,
        "a column is gone or has another type: name what is there, and where the cursor is another one coterie sources reset NAME",
    ),
    "busy": (RateLimited, "the database takes no more connections: give this user some, or read less often"),
    "away": (Unreachable, "check host, port and firewall, and that the database runs"),
    "slow": (Unreachable, "an index on the cursor makes it quick; or a longer timeout:"),
    "cut": (Truncated, "is the file still being written or copied?"),
    "query": (Unreadable, "try the query in the database's own client"),
}
_POSTGRESQL: dict[str, str] = {
    "28": "credentials", "42501": "credentials",
    "42P01": "absent", "3D000": "absent", "3F000": "absent",
    "42703": "schema", "42883": "schema", "42804": "schema", "22P02": "schema", "22007": "schema", "42P18": "schema",
    "53": "busy", "57014": "slow", "55P03": "slow",
    "08": "away", "57": "away", "58": "away", "40": "away", "XX": "away",
}  # fmt: skip
"""SQLSTATE, or its class, → sort. Source: PostgreSQL 15, appendix A."""
_MYSQL: dict[int, str] = {
    1044: "credentials", 1045: "credentials", 1142: "credentials", 1143: "credentials", 1698: "credentials", 1227: "credentials",
    1046: "absent", 1049: "absent", 1146: "absent",
    1054: "schema",
    1040: "busy", 1203: "busy", 1226: "busy", 1129: "busy",
    1969: "slow", 3024: "slow", 1205: "slow",
    1213: "away", 1053: "away", 1927: "away", 2002: "away", 2003: "away", 2005: "away", 2006: "away", 2013: "away", 2055: "away",
}  # fmt: skip
"""Error number → sort. Source: MariaDB's list of error codes; 2000 and up are the client's."""
_SQLITE: tuple[tuple[str, str], ...] = (
    ("no such table", "absent"), ("unable to open", "absent"), ("no such column", "schema"),
    ("not a database", "query"), ("malformed", "cut"), ("disk i/o error", "cut"),
    ("locked", "away"), ("interrupted", "slow"),
)  # fmt: skip


@contextmanager
def told(what: str) -> Iterator[None]:
    """What the database refuses inside is raised as a failure about ``what``."""
    try:
        yield
    except sqlalchemy.exc.DBAPIError as error:
        raise failure(error, what) from error
    except (sqlalchemy.exc.TimeoutError, OSError) as error:
        raise Unreachable(f"{what}: {error}", hint=_SORTS["away"][1]) from error


def failure(error: sqlalchemy.exc.DBAPIError, what: str) -> CoterieError:
    """Return the failure that an error of a driver means."""
    said: Any = error.orig
    given: Any = said.args[0] if said is not None and said.args else str(said)
    if isinstance(given, dict):
        code, text = str(given.get("C", "")), str(given.get("M", given))
        sort = _POSTGRESQL.get(code) or _POSTGRESQL.get(code[:2]) or "query"
    elif isinstance(given, int):
        code, text = str(given), str(said.args[1]) if len(said.args) > 1 else ""
        sort = _MYSQL.get(given, "query")
        sort = "slow" if sort == "away" and "timed out" in text else sort
    else:
        code, text = "", str(given)
        sort = _by_words(text)
    kind, hint = _SORTS[sort]
    return kind(f"{what}: {text}{f' ({code})' if code else ''}", hint=hint)


def _by_words(text: str) -> str:
    low = text.lower()
    found = next((sort for words, sort in _SQLITE if words in low), None)
    if found:
        return found
    if "password" in low or "authentication" in low:
        return "credentials"
    return (
        "away" if any(word in low for word in ("network", "connection", "communication", "ssl", "closed")) else "query"
    )
