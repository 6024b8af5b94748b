"""MySQL and MariaDB as a source, by PyMySQL."""

from __future__ import annotations

import ssl
from typing import Any

import pymysql  # noqa: F401 (told to be missing before anything is read)

from coterie.connectors.sources.kinds import Setting
from coterie.connectors.sources.sql.address import Address, seconds, url_of
from coterie.connectors.sources.sql.database import Way
from coterie.connectors.sources.sql.reading import Reading
from coterie.connectors.sources.sql.source import SqlSource
from coterie.segments.conditions.form import Form

CONNECT_S = 15


class Config(Form, frozen=True, kw_only=True):
    """A table or query of a MySQL or MariaDB database."""

    address: Address
    reading: Reading


def open_source(config: Config, setting: Setting) -> SqlSource:
    """Return the source, not connected yet. Instants of type TIMESTAMP come in UTC. Raises: InvalidDefinition."""
    url = url_of(config.address, ("mysql", "mariadb"), "mysql+pymysql")
    limit = seconds(config.reading.timeout)
    connect: dict[str, Any] = {
        "charset": "utf8mb4", "connect_timeout": CONNECT_S, "read_timeout": limit, "program_name": f"coterie {setting.name}",
    }  # fmt: skip
    if config.address.tls != "prefer":
        context = ssl.create_default_context()
        if config.address.tls == "require":
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connect["ssl"] = context
    begin = ("SET SESSION TRANSACTION READ ONLY", "SET time_zone = '+00:00'")
    return SqlSource(Way(url=url, connect=connect, begin=begin), config.reading, setting)
