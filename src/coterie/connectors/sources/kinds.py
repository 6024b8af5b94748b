"""Which kinds of source there are, each in a module of its own that is loaded when a source of that kind is read."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from msgspec import Struct

from coterie.connectors.mapping import Layout
from coterie.connectors.sources.source import Source
from coterie.errors import InvalidDefinition, Problem
from coterie.limits import DEFAULT, Limits
from coterie.segments.conditions.form import Form

KINDS: dict[str, str] = {
    "kafka": "coterie.connectors.sources.kafka",
    "kinesis": "coterie.connectors.sources.kinesis",
    "mqtt": "coterie.connectors.sources.mqtt",
    "webhook": "coterie.connectors.sources.webhook",
    "survey": "coterie.connectors.sources.survey",
    "files": "coterie.connectors.sources.folder.kind",
    "sheet": "coterie.connectors.sources.sheet",
    "postgresql": "coterie.connectors.sources.sql.postgresql",
    "mysql": "coterie.connectors.sources.sql.mysql",
    "sqlite": "coterie.connectors.sources.sql.sqlite",
    "rest": "coterie.connectors.sources.http.rest",
    "graphql": "coterie.connectors.sources.http.graphql",
}
"""Word after ``kind:`` → module with ``Config`` and ``open_source(config, setting)``; see ``Kind`` for what else it may say."""


EXTRAS: dict[str, str] = {"postgresql": "sql", "mysql": "sql", "sqlite": "sql", "graphql": "rest"}
"""Kind → the extra of the package that brings its library, where that is not called as the kind is."""


class Setting(Struct, frozen=True, kw_only=True):
    """What a source is given beside its own fields."""

    name: str
    """Name of the source: of its file."""
    root: Path
    """Folder of the project; paths in a source's file that are not absolute begin here."""
    folder: Path
    """A folder that only this source uses, below the project's own; made by whoever needs it."""
    layout: Layout = Layout()
    """How the mapping says that files are cut into rows."""
    limits: Limits = DEFAULT
    inner: Source | None = None
    """The opened source inside this one, for kinds that read another (``INNER``)."""


class Kind(Struct, frozen=True, kw_only=True):
    """What the module of a kind says."""

    word: str
    config: type[Form]
    """``Config``: a form whose fields are those of the kind. Texts come with ``${NAME}`` already replaced."""
    open: Callable[[Any, Setting], Source]
    """``open_source(config, setting)``: no connection is made before ``look`` or ``read``."""
    continuous: bool = False
    """``CONTINUOUS``: a stream that is read for ever; it has no ``every:``."""
    pushed: bool = False
    """``PUSHED``: the other side sends (webhooks); nothing is read, the web edge hands its rows to the mapping."""
    passing: bool = False
    """``PASSING``: what was read is not there any more, and whoever reads takes it from whoever else reads."""
    inner: str = ""
    """``INNER``: the field that holds another source, with its own ``kind:``; it is opened as ``Setting.inner``."""
    mapping_of: Callable[[Any, str], dict[str, Any] | None] | None = None
    """``mapping_of(config, name)``: the mapping (as a document) of a source whose file has none."""


def kind_of(word: str, where: str = "") -> Kind:
    """Return the kind that ``word`` names. Raises: InvalidDefinition when its library is not installed."""
    try:
        module = import_module(KINDS[word])
    except ImportError as error:
        hint = f"pip install 'coterie[{EXTRAS.get(word, word)}]'"
        problem = Problem(f"the library for {word} is missing: {error.name}", where=where, received=word, hint=hint)
        raise InvalidDefinition([problem]) from error
    return Kind(
        word=word,
        config=module.Config,
        open=module.open_source,
        continuous=getattr(module, "CONTINUOUS", False),
        pushed=getattr(module, "PUSHED", False),
        passing=getattr(module, "PASSING", False),
        inner=getattr(module, "INNER", ""),
        mapping_of=getattr(module, "mapping_of", None),
    )
