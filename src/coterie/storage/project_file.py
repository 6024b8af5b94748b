"""The file that makes a folder a project."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from coterie.errors import InvalidDefinition, NotFound, Problem
from coterie.settings import FILE, Settings, settings_of


def load_settings(
    folder: Path,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[tuple[str, str], object] | None = None,
) -> Settings:
    """Return the settings of the project in ``folder``, overruled by ``environment``, overruled by ``flags``.

    Raises: NotFound, InvalidDefinition with every problem at once.
    """
    file = folder / FILE
    if not file.is_file():
        raise NotFound(f"{folder} is no project: it has no {FILE}", hint="make one: coterie init DIR")
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise InvalidDefinition([Problem("not readable as YAML", where=str(file), received=str(error))]) from error
    return settings_of(data, str(file), environment, flags)
