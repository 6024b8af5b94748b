"""``coterie init``: a project folder with examples."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from coterie.cli.session import Session
from coterie.settings import FILE

SCHEMA_FILE = "segment.schema.json"


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--bare", is_flag=True, help="Only the folders and coterie.yaml, without the examples.")
@click.pass_obj
def command(session: Session, folder: Path, bare: bool) -> None:
    """Make the project FOLDER with example segments, a mapping, a list and a small file of events to try them on."""
    from coterie.errors import Problem

    if (folder / FILE).exists():
        raise Problem("there is a project already", where=str(folder), hint="name another folder")
    if folder.exists() and any(folder.iterdir()):
        raise Problem("the folder is not empty", where=str(folder), hint="name another folder")
    made = _bare(folder) if bare else _copied(resources.files("coterie.cli") / "starter", folder)
    if not bare:
        made.append(_schema(folder))
    if session.as_json:
        session.answer({"folder": str(folder), "files": sorted(made)})
        return
    click.echo(f"made {click.style(str(folder), bold=True)} with {len(made)} files")
    session.remark(f"next: cd {folder}; " + ("coterie --help" if bare else "its README.md says what to try"))


def _bare(folder: Path) -> list[str]:
    for name in ("segments", "mappings", "lists", "thresholds", "features", "triggers", "templates", "destinations"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text(f"name: {folder.resolve().name}\ntime_zone: UTC\n", encoding="utf-8")
    return [FILE]


def _copied(source: Traversable, folder: Path) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    made: list[str] = []
    for item in sorted(source.iterdir(), key=lambda one: one.name):
        if item.is_dir():
            made += [f"{item.name}/{name}" for name in _copied(item, folder / item.name)]
        else:
            (folder / item.name).write_bytes(item.read_bytes())
            made.append(item.name)
    return made


def _schema(folder: Path) -> str:
    import msgspec

    from coterie.segments.schema import json_schema

    text = msgspec.json.format(msgspec.json.encode(json_schema()), indent=2)
    (folder / SCHEMA_FILE).write_bytes(text + b"\n")
    return SCHEMA_FILE
