"""What a project says about itself: ``coterie.yaml``, then the environment, then flags; every mistake told at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, get_type_hints
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta, Struct

from coterie.errors import InvalidDefinition, Problem, nearest
from coterie.limits import DEFAULT, Limits

FILE = "coterie.yaml"
PREFIX = "COTERIE_"
"""Begin of the names in the environment: ``COTERIE_TIME_ZONE``, ``COTERIE_SERVER_PORT``, ``COTERIE_LIMITS_…``."""
Seconds = Annotated[float, Meta(gt=0, le=86_400)]


class Server(Struct, frozen=True, kw_only=True):
    """Where ``coterie serve`` listens, how it stops, and what it says about itself."""

    host: str = "127.0.0.1"
    """Address to listen on; ``0.0.0.0`` is every one of the machine."""
    port: Annotated[int, Meta(ge=0, le=65_535)] = 8080
    """Port to listen on; 0 takes a free one."""
    clock: Annotated[str, Meta(pattern=r"^(system|manual|[1-9]\d{0,5}x)$", examples=["system", "manual", "60x"])] = (
        "system"
    )
    """``manual`` stands still until ``POST /v1/clock`` moves it, ``60x`` runs sixty times as fast: for tests and demos."""
    cors_origins: tuple[str, ...] = ("*",)
    """Web origins whose pages may call the collection routes; ``*`` is every one."""
    connections_max: Annotated[int, Meta(ge=1, le=1_000_000)] = 10_000
    """Open connections at once; further ones are answered 503."""
    shutdown_s: Seconds = 30
    """Seconds a graceful shutdown may take before what is left is cut off (the journal has it)."""
    log_format: Literal["auto", "text", "json"] = "auto"
    """``auto`` is text on a terminal and one JSON object a line elsewhere."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """What is logged: this and worse."""
    access_log: bool = False
    """Whether every request is logged; those that fail with 5xx always are."""
    metrics: Literal["open", "key"] = "open"
    """Who may read ``/metrics``: everybody who reaches the port, or read keys only."""
    traces_url: str = ""
    """Where OpenTelemetry traces go (OTLP over HTTP, such as ``http://localhost:4318/v1/traces``); empty is nowhere."""
    traces_share: Annotated[float, Meta(ge=0, le=1)] = 0.01
    """Share of requests that are traced."""


class Collect(Struct, frozen=True, kw_only=True):
    """What is kept of what comes in."""

    keep_ip: bool = False
    """Whether ``context.ip`` is kept with events."""
    keep_user_agent: bool = False
    """Whether ``context.userAgent`` is kept with events."""
    retention_days: Annotated[float, Meta(ge=0, le=36_500)] = 7
    """Days that raw requests stay in the journal after they were landed; 0 lets them go at once."""


class Runner(Struct, frozen=True, kw_only=True):
    """How often the running server keeps what it knows."""

    land_s: Seconds = 30
    """Seconds after which arrivals are moved to the Delta table, when not enough came before."""
    land_rows: Annotated[int, Meta(ge=1_000, le=10_000_000)] = 200_000
    """Arrivals that are moved to the Delta table at once, however young they are."""
    snapshot_s: Seconds = 300
    """Seconds between snapshots of the live state; a restart reads on from the newest one."""
    snapshots: Annotated[int, Meta(ge=1, le=100)] = 3
    """Snapshots that are kept; a damaged one is passed over for the one before."""


class Privacy(Struct, frozen=True, kw_only=True):
    """What is kept of people, for how long, and what their browsers' signals mean."""

    retention: dict[str, float] = {}
    """Days that the rows of a table are kept; a table that is not named keeps them for ever. Tables: see docs/privacy.md."""
    pseudonyms: dict[str, tuple[str, ...]] = {}
    """Event (``"*"``: every one) → properties that are kept as keyed hashes."""
    pseudonym_kinds: tuple[str, ...] = ()
    """Kinds of identifiers, such as email, that are kept as keyed hashes, and the traits of the same name with them."""
    tcf: dict[str, tuple[int, ...]] = msgspec.field(
        default_factory=lambda: {"advertising": (2, 3, 4), "personalization": (5, 6), "analytics": (8, 9)}
    )
    """Purpose → the purposes of the IAB's list on which it stands: a TC string that consents to all of them consents to it."""
    gpc: tuple[str, ...] = ("advertising", "sale")
    """Purposes that a browser with the Global Privacy Control signal refuses."""


class Quality(Struct, frozen=True, kw_only=True):
    """How the data is watched, and who is told."""

    every_s: Annotated[float, Meta(ge=0, le=604_800)] = 3_600
    """Seconds between two runs of the checks in the server; 0 runs them by hand only."""
    sensitivity: Literal["low", "normal", "high"] = "normal"
    """How far from normal something must be before it is told."""
    history_days: Annotated[int, Meta(ge=14, le=365)] = 56
    """Days that tell what is normal; older measures and findings are forgotten after a year."""
    ignore: tuple[str, ...] = ()
    """Events (``page_view``) and properties (``page_view.path``) that no check looks at unless a rule asks for them."""
    owner: str = ""
    """Who answers for findings that no rule and no tracking plan gives to anybody: an e-mail address, or a name."""
    alerts: tuple[str, ...] = ()
    """Keys of destinations that are told of new findings."""
    alert_from: Literal["info", "warning", "error"] = "warning"
    """Findings of this severity and worse are told."""
    reconcile_hours: Annotated[float, Meta(ge=0, le=8_760)] = 24
    """Hours between two reconciliations of every source that can be read again, in the server; 0 only by hand."""


class Lake(Struct, frozen=True, kw_only=True):
    """Where the Delta tables are and how they are kept."""

    url: Annotated[str, Meta(examples=["s3://bucket/folder", "az://container/folder", "gs://bucket/folder"])] = ""
    """A folder, or a bucket of S3, Azure or Google Cloud Storage; empty is the project's own hidden folder."""
    options: dict[str, str] = {}
    """What the object store is to be told beside the environment, such as ``aws_endpoint_url``; keys belong in the environment."""
    columns: dict[str, Literal["text", "number", "boolean"]] = {}
    """Properties of events that also get a column of this type; any property stays in the JSON."""
    span_rows: Annotated[int, Meta(ge=100_000, le=100_000_000)] = 4_000_000
    """Events that are divided by person into 32 files together; fewer files with more, less memory with fewer."""
    people_s: Annotated[float, Meta(gt=0, le=31_536_000)] = 900
    """Seconds between two writings of the tables of profiles and identifiers."""
    kept_hours: Annotated[float, Meta(ge=0, le=8_760)] = 24
    """Hours that files which were replaced stay for readers that opened them before."""


class Settings(Struct, frozen=True, kw_only=True):
    """The settings of one project."""

    name: str = "project"
    time_zone: str = "UTC"
    """Default of calendar words in definitions."""
    present: Literal["log", "clock"] = "log"
    """What "now" means to commands: the end of the log (history in files), or the wall clock (events keep coming)."""
    server: Server = Server()
    collect: Collect = Collect()
    runner: Runner = Runner()
    lake: Lake = Lake()
    privacy: Privacy = Privacy()
    quality: Quality = Quality()
    limits: Limits = DEFAULT
    """Bounds of ``limits.py`` that this project changes."""
    identity: dict[str, Any] = {}
    """Kinds of identifiers: see docs/identity.md. Checked by ``identity.rules``."""
    caches: dict[str, Any] = {}
    """Redis and Memcached that are kept in step: see docs/caches.md. Checked by ``connectors.caches``."""


SECTIONS: dict[str, type[Struct]] = {
    "server": Server,
    "collect": Collect,
    "runner": Runner,
    "lake": Lake,
    "privacy": Privacy,
    "quality": Quality,
    "limits": Limits,
}
"""Sections that the environment reaches: name → its fields."""


def settings_of(
    data: object,
    where: str = FILE,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[tuple[str, str], object] | None = None,
) -> Settings:
    """Return what ``data`` (of the file) says, overruled by the environment, overruled by ``flags`` ((section, field) → value).

    Raises: InvalidDefinition with every problem of all three.
    """
    if not isinstance(data, dict | None):
        allowed = ", ".join(Settings.__struct_fields__)
        raise InvalidDefinition([Problem("a mapping is expected here", where=where, received=data, allowed=allowed)])
    problems: list[Problem] = []
    told = {"": {key: value for key, value in (data or {}).items() if key not in SECTIONS}}
    for name in SECTIONS:
        told[name] = _section(data or {}, name, where, problems)
    values = {
        name: _checked(_fields(name), part, f"{where}: {name}".rstrip(": "), problems) for name, part in told.items()
    }
    for section, field, variable, text in _spoken(environment or {}, problems):
        kind = _fields(section).get(field)
        values[section].update(_checked({field: kind}, {field: _plain(kind, text)}, variable, problems, strict=False))
    for (section, field), value in (flags or {}).items():
        option = f"--{field.replace('_', '-')}"
        values[section].update(_checked({field: _fields(section)[field]}, {field: value}, option, problems))
    if problems:
        raise InvalidDefinition(problems)
    sections: dict[str, Any] = {name: SECTIONS[name](**values[name]) for name in SECTIONS}
    return Settings(**values[""], **sections)


def _fields(section: str) -> dict[str, Any]:
    hints = get_type_hints(SECTIONS[section] if section else Settings, include_extras=True)
    return {name: kind for name, kind in hints.items() if name not in SECTIONS}


def _section(data: Mapping[str, Any], name: str, where: str, problems: list[Problem]) -> dict[str, Any]:
    part = data.get(name)
    if part is None or isinstance(part, dict):
        return part or {}
    allowed = ", ".join(SECTIONS[name].__struct_fields__)
    problems.append(Problem("a mapping is expected here", where=f"{where}: {name}", received=part, allowed=allowed))
    return {}


def _checked(
    kinds: Mapping[str, Any], data: Mapping[str, Any], where: str, problems: list[Problem], *, strict: bool = True
) -> dict[str, Any]:
    """Return the fields of ``data`` that are right; what is wrong is added to ``problems``."""
    found: dict[str, Any] = {}
    for name, value in data.items():
        place = f"{where}{'.' if ': ' in where else ': '}{name}" if strict and not where.startswith("--") else where
        if name not in kinds:
            known = ", ".join((*kinds, *(SECTIONS if "name" in kinds else ())))
            hint = nearest(str(name), known.split(", "))
            problems.append(Problem("unknown field", where=place, allowed=known, hint=hint))
        elif name == "time_zone" and isinstance(value, str) and not _is_zone(value):
            allowed = "a name of the IANA database, such as Europe/Oslo"
            problems.append(Problem("unknown time zone", where=place, received=value, allowed=allowed))
        else:
            try:
                found[name] = msgspec.convert(value, kinds[name], strict=strict)
            except msgspec.ValidationError as error:
                problems.append(Problem(_told(str(error)), where=place, received=value, allowed=_allowed(kinds[name])))
    return found


def _spoken(environment: Mapping[str, str], problems: list[Problem]) -> Iterator[tuple[str, str, str, str]]:
    """Yield (section, field, variable, text) of every variable that is a setting."""
    for variable, text in sorted(environment.items()):
        word = variable.removeprefix(PREFIX).lower()
        if not variable.startswith(PREFIX):
            continue
        section = next((name for name in SECTIONS if word.startswith(f"{name}_")), "")
        field = word.removeprefix(f"{section}_") if section else word
        known = [name for name, kind in _fields(section).items() if "dict" not in str(kind)]
        if field in known:
            yield section, field, variable, text
        elif section:
            near = nearest(variable, [f"{PREFIX}{section}_{name}".upper() for name in known])
            problems.append(Problem("unknown setting", where=variable, allowed=", ".join(known), hint=near))


def _plain(kind: Any, text: str) -> object:
    return [word.strip() for word in text.split(",") if word.strip()] if "tuple" in str(kind) else text


def _told(message: str) -> str:
    return message.split(" - at `$")[0][:1].lower() + message.split(" - at `$")[0][1:]


def _allowed(kind: Any) -> str:
    """Return in words what a field takes."""
    words = getattr(kind, "__args__", ())
    if getattr(kind, "__origin__", None) is Literal:
        return " | ".join(words)
    examples = [word for meta in getattr(kind, "__metadata__", ()) for word in meta.examples or ()]
    if examples:
        return " | ".join(examples)
    metas = [meta for meta in getattr(kind, "__metadata__", ()) if isinstance(meta, Meta)]
    plain = getattr(kind, "__origin__", kind) if metas else kind
    name = {str: "text", int: "a whole number", float: "a number", bool: "true | false"}.get(plain, "")
    if tuple in (plain, getattr(plain, "__origin__", None)):
        name = "a list of texts"
    elif dict in (plain, getattr(plain, "__origin__", None)):
        name = "a mapping"
    bounds = [
        (mark, getattr(meta, field)) for meta in metas for mark, field in _MARKS if getattr(meta, field) is not None
    ]
    return " ".join([name, *(f"{mark} {bound:,}" for mark, bound in bounds)])


_MARKS = (("≥", "ge"), (">", "gt"), ("≤", "le"), ("<", "lt"))


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
