"""Published cut points of population-relative conditions: ``thresholds/<segment>@<version>.yaml``, never rewritten."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from coterie.errors import NotFound, Problem


class ThresholdStore:
    """Versioned numbers in the folder ``path``."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def versions(self, key: str) -> list[int]:
        """Return the published versions of a segment's thresholds, ascending."""
        files = self.path.glob(f"{key}@*.yaml") if self.path.is_dir() else []
        return sorted(int(file.stem.rpartition("@")[2]) for file in files)

    def load(self, key: str, version: int) -> dict[str, Any]:
        """Return what was published as that version. Raises: NotFound, Problem."""
        file = self.path / f"{key}@{version}.yaml"
        if not file.is_file():
            raise NotFound(f"no thresholds {file.name}", hint=f"publish them: coterie thresholds {key}")
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
        if not isinstance(found, dict) or not isinstance(found.get("cuts"), dict):
            raise Problem("not thresholds", where=str(file), received=found, allowed="cuts: {name: [number, …]}")
        return found

    def all(self) -> dict[tuple[str, int], dict[str, Any]]:
        """Return everything published, by (segment, version)."""
        files = sorted(self.path.glob("*@*.yaml")) if self.path.is_dir() else []
        named = [(file.stem.rpartition("@")[0], int(file.stem.rpartition("@")[2])) for file in files]
        return {(key, version): self.load(key, version) for key, version in named}

    def publish(self, key: str, numbers: dict[str, Any]) -> int:
        """Keep ``numbers`` as the next version and return its number."""
        version = max(self.versions(key), default=0) + 1
        self.path.mkdir(parents=True, exist_ok=True)
        text = yaml.safe_dump(numbers, sort_keys=False, allow_unicode=True)
        with (self.path / f"{key}@{version}.yaml").open("x", encoding="utf-8") as file:
            file.write(text)
        return version
