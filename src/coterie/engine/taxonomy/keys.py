"""What else a source is called: events carry the id of a key, or ``source:<name>``; people name the key and the source."""

from __future__ import annotations

from collections.abc import Callable

from coterie.connectors.sources.definitions import PREFIX
from coterie.engine.project import HIDDEN, Project


def names_of(project: Project) -> Callable[[str], tuple[str, ...]]:
    """Return a function from a source to all its names, itself first. A key is looked up once, when its events come."""
    path = project.root / HIDDEN / "access.db"

    def names(source: str) -> tuple[str, ...]:
        if source.startswith(PREFIX):
            return (source, source.removeprefix(PREFIX))
        if not source.startswith("k_") or not path.exists():
            return (source,)
        from coterie.storage.access import AccessStore

        store = AccessStore(path)
        try:
            found = [one.name for one in store.key_rows() if one.id == source]
        finally:
            store.close()
        return (source, *found)

    return names
