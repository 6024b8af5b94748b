"""PostgreSQL as a source, by pg8000: versions 12 and up, and what speaks its language."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from typing import Any

import pg8000  # noqa: F401 (told to be missing before anything is read)

from coterie.connectors.sources.kinds import Setting
from coterie.connectors.sources.sql.address import Address, seconds, url_of
from coterie.connectors.sources.sql.database import Way
from coterie.connectors.sources.sql.reading import Reading
from coterie.connectors.sources.sql.source import SqlSource
from coterie.segments.conditions.form import Form

_TIMESTAMP, _TIMESTAMPTZ = 1114, 1184
"""Numbers of the types in PostgreSQL's catalogue, pg_type."""


class Config(Form, frozen=True, kw_only=True):
    """A table or query of a PostgreSQL database."""

    address: Address
    reading: Reading


def open_source(config: Config, setting: Setting) -> SqlSource:
    """Return the source, not connected yet. Raises: InvalidDefinition."""
    url = url_of(config.address, ("postgresql", "postgres"), "postgresql+pg8000")
    limit = seconds(config.reading.timeout)
    connect: dict[str, Any] = {"timeout": limit + 10, "application_name": f"coterie {setting.name}"}
    if config.address.tls != "prefer":
        context = ssl.create_default_context()
        if config.address.tls == "require":
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connect["ssl_context"] = context
    begin = (
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
        "SET TIME ZONE 'UTC'",
        f"SET statement_timeout = {limit * 1000}",
    )
    return SqlSource(Way(url=url, connect=connect, begin=begin, adapt=_read_instants), config.reading, setting)


def _read_instants(connection: Any) -> None:
    """Instants are read by Python's own parser, which takes a tenth of the driver's time; infinity stays text."""
    for oid in (_TIMESTAMP, _TIMESTAMPTZ):
        connection.register_in_adapter(oid, _instant)


def _instant(text: str) -> datetime | str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return moment if moment.tzinfo is None else moment.astimezone(UTC)
