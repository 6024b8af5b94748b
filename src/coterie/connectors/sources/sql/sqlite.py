"""A SQLite file as a source, opened for reading only."""

from __future__ import annotations

from typing import Annotated

from sqlalchemy.engine import URL

from coterie.connectors.sources.kinds import Setting
from coterie.connectors.sources.sql.address import seconds
from coterie.connectors.sources.sql.database import Way
from coterie.connectors.sources.sql.reading import Reading
from coterie.connectors.sources.sql.source import SqlSource
from coterie.segments.conditions.form import Form
from coterie.segments.conditions.words import Doc, Text


class Config(Form, frozen=True, kw_only=True):
    """A table or query of a SQLite file."""

    path: Annotated[Text, Doc("The file; a path that is not absolute begins in the project's folder.")]
    reading: Reading


def open_source(config: Config, setting: Setting) -> SqlSource:
    """Return the source; the file is opened when it is read."""
    file = (setting.root / config.path).resolve()
    url = URL.create("sqlite+pysqlite", database=f"file:{file}", query={"mode": "ro", "uri": "true"})
    connect = {"timeout": min(seconds(config.reading.timeout), 30), "check_same_thread": False}
    return SqlSource(Way(url=url, connect=connect, begin=("PRAGMA query_only = ON",)), config.reading, setting)
