"""Mappings by name or by file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from coterie.errors import NotFound, nearest

if TYPE_CHECKING:
    from coterie.connectors.mapping import Mapping
    from coterie.engine.project import Project


def named_mapping(project: Project, name: str) -> Mapping:
    """Return the mapping in the file ``name``, or ``mappings/<name>.yaml`` of the project. Raises: NotFound."""
    from coterie.connectors.mapping_file import load_mapping

    folder = project.root / "mappings"
    for file in (Path(name), folder / name, folder / f"{name}.yaml"):
        if file.is_file():
            return load_mapping(file)
    known = [file.stem for file in sorted(folder.glob("*.yaml"))]
    raise NotFound(f"no mapping {name!r}", hint=nearest(name, known) or f"in mappings/: {', '.join(known) or 'none'}")
