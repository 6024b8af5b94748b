"""Source files, ``sources/<name>.yaml``: read with every problem of every file at once, and opened."""

from __future__ import annotations

from collections.abc import Mapping as Map
from pathlib import Path
from typing import Annotated, Any

from msgspec import Struct, structs

from coterie.connectors.mapping import Mapping
from coterie.connectors.mapping_file import load_mapping, parse_mapping
from coterie.connectors.secrets import expanded, named, unset
from coterie.connectors.sources.discreet import Discreet
from coterie.connectors.sources.kinds import KINDS, Kind, Setting, kind_of
from coterie.connectors.sources.source import Source
from coterie.errors import InvalidDefinition, Problem, nearest
from coterie.limits import DEFAULT, Limits
from coterie.segments.conditions.form import Flaw, Form
from coterie.segments.conditions.places import Lines, place
from coterie.segments.conditions.words import Doc, Duration, Text
from coterie.segments.durations import us_of
from coterie.segments.parse.folder import files_of, form_of, text_of
from coterie.segments.parse.slots import keys
from coterie.segments.parse.synonyms import suggested
from coterie.segments.parse.text import read
from coterie.triggers.words import key_word

FOLDER = "sources"
"""Folder of a project with a file for every source."""
HIDDEN = ".coterie"
PREFIX = "source:"
"""In the log and the quarantine, what a source of that name brought bears ``source:<name>``."""
_NAME = key_word("a name of a source")


class Common(Form, frozen=True, kw_only=True):
    """What every source file may say, whatever its kind."""

    title: Annotated[Text | None, Doc("Its name for people.")] = None
    every: Annotated[
        Duration | None,
        Doc("How long after the end of one reading the next begins, in the server; by hand when not said."),
    ] = None
    enabled: Annotated[bool, Doc("Whether the server reads it; yes when not said.")] = True


SHARED = ("mapping", *Common.__struct_fields__)


class Origin(Struct, frozen=True, kw_only=True):
    """Where rows come from: a kind with its fields."""

    kind: Kind
    config: Any
    """The form of the kind, as written (``${NAME}`` not replaced)."""
    inner: Origin | None = None


class Definition(Struct, frozen=True, kw_only=True):
    """A source as its file says."""

    name: str
    origin: Origin
    mapping: Mapping
    title: str = ""
    every_us: int = 0
    """Pause between two readings, 0: by hand (or, for a stream, never ending)."""
    enabled: bool = True
    file: str = ""

    @property
    def kind(self) -> Kind:
        return self.origin.kind

    @property
    def label(self) -> str:
        """What the log and the quarantine call it: ``source:<name>``."""
        return f"{PREFIX}{self.name}"


def load(root: Path) -> dict[str, Definition]:
    """Return the sources of a project by name, none if it has no such folder. Raises: InvalidDefinition for all files together."""
    problems: list[Problem] = []
    found: dict[str, Definition] = {}
    for file in files_of(root / FOLDER):
        try:
            if file.stem in found:
                raise InvalidDefinition(
                    [Problem("two files have this name", where=str(file), allowed="one file per source")]
                )
            document = read(text_of(file), str(file))
            found[file.stem] = parse(document.data, root, file.stem, str(file), document.lines)
        except InvalidDefinition as error:
            problems += error.problems
    if problems:
        raise InvalidDefinition(problems)
    return found


def parse(data: Any, root: Path, name: str, file: str = "", lines: Lines | None = None) -> Definition:
    """Return the source that plain data describes. Raises: InvalidDefinition with every problem at once."""
    problems: list[Problem] = []
    flaw = _NAME.refuse(name)
    if flaw is not None:
        problems.append(place(flaw, (), file, lines or {}))
    if not isinstance(data, dict):
        told = Flaw("a mapping is expected here", received=data, allowed=f"kind: {' | '.join(KINDS)}, and its fields")
        raise InvalidDefinition([*problems, place(told, (), file, lines or {})])
    own = {key: value for key, value in data.items() if key not in SHARED}
    shared = {key: value for key, value in data.items() if key in SHARED and key != "mapping"}
    common, origin, mapping = Common(), None, None
    try:
        common = form_of(Common, shared, file, lines)
    except InvalidDefinition as error:
        problems += error.problems
    try:
        origin = _origin(own, name, file, lines)
    except InvalidDefinition as error:
        problems += error.problems
    try:
        mapping = _mapping(data.get("mapping"), origin, root, name, file)
    except InvalidDefinition as error:
        problems += error.problems
    if origin is not None and common.every and (origin.kind.continuous or origin.kind.pushed):
        told = Flaw("a stream is read all the time", received=common.every, allowed="no every: for this kind")
        problems.append(place(told, ("every",), file, lines or {}))
    if problems or origin is None or mapping is None:
        raise InvalidDefinition(problems)
    return Definition(
        name=name, origin=origin, mapping=mapping, file=file, enabled=common.enabled,
        title=common.title or "", every_us=us_of(common.every) if common.every else 0,
    )  # fmt: skip


def _origin(data: dict[str, Any], name: str, file: str, lines: Lines | None) -> Origin:
    word = data.get("kind")
    if not isinstance(word, str) or word not in KINDS:
        what = "missing" if word is None else "no such kind of source"
        told = Flaw(what, received=word, allowed=", ".join(KINDS), hint=suggested(str(word or ""), KINDS))
        raise InvalidDefinition([place(told, ("kind",), file, lines or {})])
    kind = kind_of(word, file)
    fields = {key: value for key, value in data.items() if key not in ("kind", kind.inner)}
    known = [*keys(kind.config), *([kind.inner] if kind.inner else []), *SHARED]
    problems: list[Problem] = []
    for strange in [key for key in fields if key not in known]:
        told = Flaw("unknown key", received=strange, allowed=", ".join(known), hint=suggested(str(strange), known))
        problems.append(place(told, (str(strange),), file, lines or {}))
        del fields[strange]
    config, inner = None, None
    try:
        config = form_of(kind.config, fields, file, lines)
    except InvalidDefinition as error:
        problems += error.problems
    if kind.inner:
        try:
            inner = _inner(data.get(kind.inner), kind.inner, name, file, lines)
        except InvalidDefinition as error:
            problems += error.problems
    if problems:
        raise InvalidDefinition(problems)
    return Origin(kind=kind, config=config, inner=inner)


def _inner(data: Any, field: str, name: str, file: str, lines: Lines | None) -> Origin:
    if not isinstance(data, dict):
        what = "missing" if data is None else "not a source"
        told = Flaw(what, received=data, allowed="kind: … and its fields")
        raise InvalidDefinition([place(told, (field,), file, lines or {})])
    return _origin(data, name, f"{file}: {field}", None)


def _mapping(written: Any, origin: Origin | None, root: Path, name: str, file: str) -> Mapping | None:
    """Return the mapping that stands in the file, or in ``mappings/`` under a name, or that the kind brings."""
    where = f"{file}: mapping" if file else "mapping"
    if isinstance(written, str):
        path = root / "mappings" / f"{written.removesuffix('.yaml')}.yaml"
        if not path.is_file():
            known = sorted(one.stem for one in (root / "mappings").glob("*.yaml"))
            hint = nearest(written, known) or "see them: coterie mappings"
            told = Problem("no such mapping", where=where, received=written, allowed=", ".join(known), hint=hint)
            raise InvalidDefinition([told])
        return load_mapping(path)
    if written is None and origin is not None and origin.kind.mapping_of is not None:
        written = origin.kind.mapping_of(origin.config, name)
    if written is None:
        if origin is None:
            return None
        hint = "coterie mappings shows those that come along"
        told = Problem("missing", where=where, allowed="a name in mappings/, or a mapping", hint=hint)
        raise InvalidDefinition([told])
    return parse_mapping({"source": name, **written} if isinstance(written, dict) else written, where)


def open_source(definition: Definition, root: Path, environment: Map[str, str], limits: Limits = DEFAULT) -> Source:
    """Return the source, not yet connected. Raises: InvalidDefinition when the environment lacks a name."""
    folder = root / HIDDEN / FOLDER / definition.name
    layout = definition.mapping.layout
    setting = Setting(name=definition.name, root=root, folder=folder, layout=layout, limits=limits)
    return open_origin(definition.origin, setting, environment)


def _hidden(origin: Origin, environment: Map[str, str]) -> dict[str, str]:
    """Return what references stand for → how they are written, of a source and of the one inside it."""
    inner = {} if origin.inner is None else _hidden(origin.inner, environment)
    return {**named(origin.config, environment), **inner}


def open_origin(origin: Origin, setting: Setting, environment: Map[str, str]) -> Source:
    """Return what a source reads from, discreet about what the environment holds. Raises: InvalidDefinition when it lacks a name."""
    source = _opened(origin, setting, environment)
    hidden = {} if origin.kind.pushed else _hidden(origin, environment)
    return Discreet(source, hidden) if hidden else source


def _opened(origin: Origin, setting: Setting, environment: Map[str, str]) -> Source:
    problems = unset(origin.config, f"{FOLDER}/{setting.name}.yaml", environment)
    if problems:
        raise InvalidDefinition(problems)
    if origin.inner is not None:
        setting = structs.replace(setting, inner=_opened(origin.inner, setting, environment))
    return origin.kind.open(expanded(origin.config, environment), setting)
