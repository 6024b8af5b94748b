"""What a source is called beside its id: people name a key by its name, events carry its id."""

from __future__ import annotations

from collections.abc import Callable

from coterie.engine.project import HIDDEN, Project


def names_of(project: Project) -> Callable[[str], tuple[str, ...]]:
    """Return a function from a source to all its names, itself first. A key is looked up once, when its events come."""
    path = project.root / HIDDEN / "access.db"

    def names(source: str) -> tuple[str, ...]:
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
