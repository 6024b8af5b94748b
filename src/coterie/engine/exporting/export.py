"""``export``: the star schema of a project into a target."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from coterie.engine.exporting.postgresql import PostgresTarget
from coterie.engine.exporting.schema import TABLES
from coterie.engine.exporting.tables import Star
from coterie.engine.exporting.targets import FileTarget, HyperTarget, Target
from coterie.engine.project import Project
from coterie.errors import Problem, nearest
from coterie.storage.duck import Duck

FORMATS = ("parquet", "csv", "hyper", "postgresql")
NAMES = tuple(table.name for table in TABLES)


class Exported(Struct, frozen=True, kw_only=True):
    """What was written where. ``at`` is the instant as of which it is."""

    target: str
    format: str
    at: int
    rows: dict[str, int]


def target_of(where: str, kind: str, schema: str) -> Target:
    """Return where an export goes. Raises: Problem."""
    if kind == "postgresql":
        return PostgresTarget(where, schema)
    if kind == "hyper":
        file = Path(where)
        file.parent.mkdir(parents=True, exist_ok=True)
        return HyperTarget(file if file.suffix == ".hyper" else file.with_suffix(".hyper"))
    return FileTarget(Path(where), kind)


def format_of(where: str) -> str:
    """Return the format that a target's name asks for.

    >>> format_of("postgresql://localhost/bi"), format_of("out/shop.hyper"), format_of("out")
    ('postgresql', 'hyper', 'parquet')
    """
    if where.startswith(("postgresql:", "postgres:", "postgresql+")):
        return "postgresql"
    return "hyper" if where.endswith(".hyper") else "parquet"


def export(
    project: Project,
    where: str,
    *,
    kind: str = "",
    tables: tuple[str, ...] = (),
    schema: str = "coterie",
    most_properties: int = 40,
    progress: Callable[[str, int], None] = lambda table, rows: None,
) -> Exported:
    """The tables (all, when none is named) are at the target, all of one state of the log; an earlier export is replaced.

    Cost: about 3 µs per event; memory for one batch of events and for all profiles. Raises: Problem, Transient, Terminal.
    """
    for one in tables:
        if one not in NAMES:
            raise Problem(
                "no such table", where="--table", received=one, allowed=", ".join(NAMES), hint=nearest(one, NAMES)
            )
    kind = kind or format_of(where)
    rows: dict[str, int] = {}
    at = project.present()
    with Duck() as duck:
        made = Star(project, duck, most_properties).tables()
        target = target_of(where, kind, schema)
        try:
            for name in tables or NAMES:
                rows[name] = target.write(name, made[name]())
                progress(name, rows[name])
            target.finish()
        except BaseException:
            target.abandon()
            raise
    told = where if kind != "postgresql" else where.rpartition("@")[2]
    return Exported(target=told, format=kind, at=at, rows=rows)
