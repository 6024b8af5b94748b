"""What a server keeps beside the log, while none runs: committed state, snapshots, the journal of raw requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

from coterie.connectors.caches.cache import Cache
from coterie.engine.privacy.shelves import Shelf, Wanted
from coterie.engine.project import HIDDEN, Project
from coterie.engine.running import snapshots
from coterie.engine.running.files import open_state, snapshots_path, state_path
from coterie.errors import Conflict
from coterie.storage.journal import Journal
from coterie.storage.state import progress
from coterie.storage.state.database import Connection
from coterie.storage.state.erasing import People
from coterie.storage.state.outbox import Outbox

ENTRIES = 1_000
"""Entries of the journal looked at together."""


def shelves_of(project: Project) -> list[Shelf]:
    """Return the shelves of a project that is not served."""
    return [state(project), saved(project), raw(project), *caches(project)]


def check_journal(project: Project) -> None:
    """Nothing waits in the journal. Raises: Conflict when a server crashed before it had taken everything in."""
    folder = journal_path(project)
    if not folder.is_dir():
        return
    journal = Journal(folder)
    journal.close()
    reached = 0
    if state_path(project).exists():
        database = open_state(project)
        try:
            found = progress.read(database.reader())
        finally:
            database.close()
        reached = found.journal if found is not None else 0
    if journal.head > reached:
        raise Conflict(
            f"{journal.head - reached} requests wait in the journal since a server stopped short",
            hint="start the server once, so that they are taken in, or erase through it (HTTP)",
        )


def state(project: Project) -> Shelf:
    """Tables of ``state.db``: traits, identifiers, memberships, changes, outbox, runs of triggers."""

    def look(wanted: Wanted) -> dict[str, int]:
        if not state_path(project).exists():
            return {}
        database = open_state(project)
        try:
            return named(people_of(database.reader(), wanted).counts())
        finally:
            database.close()

    def clear(wanted: Wanted) -> None:
        if not state_path(project).exists():
            return
        database = open_state(project)
        try:
            with database.transaction() as connection:
                people_of(connection, wanted).erase()
                note_lake(project, connection)
            database.condense()
        finally:
            database.close()

    return Shelf(name="the committed state", unit="rows", look=look, clear=clear)


def told_of(project: Project, wanted: Wanted) -> dict[str, int]:
    """Return the destinations that were sent something about the people, and how often, as far as the outbox still knows."""
    if not state_path(project).exists():
        return {}
    database = open_state(project)
    try:
        return sent_about(database.reader(), wanted)
    finally:
        database.close()


def sent_about(connection: Connection, wanted: Wanted) -> dict[str, int]:
    """Return destination → letters about the people that were sent."""
    letters = [
        one for name in wanted.subject.profiles for one in Outbox(connection).letters("sent", profile=name, limit=-1)
    ]
    return dict(sorted(Counter(one.destination for one in letters).items()))


def people_of(connection: Connection, wanted: Wanted) -> People:
    """Return the questions about the people on one connection."""
    return People(connection, wanted.subject.profiles, wanted.subject.keys, wanted.needles)


def named(counts: dict[str, int]) -> dict[str, int]:
    """Return counts of tables by the names of the receipt."""
    return {f"state: {table}": count for table, count in counts.items()}


def note_lake(project: Project, connection: Connection) -> None:
    """The Delta tables were seen as they are now: the next start does not take them for changed by others."""
    seen = progress.read_lake(connection)
    lake = progress.Lake(events=project.events.edition(), changes=project.changes.edition(), sequence=seen.sequence)
    progress.write_lake(connection, lake)


def saved(project: Project) -> Shelf:
    """Snapshots of the live reader. All go: the next start computes it from the log, which holds nobody who was erased."""

    def look(wanted: Wanted) -> dict[str, int]:
        return {"snapshots": sum(tells(path, wanted) for path in snapshots.paths_of(snapshots_path(project)))}

    def clear(wanted: Wanted) -> None:
        for path in snapshots.paths_of(snapshots_path(project)):
            path.unlink(missing_ok=True)

    return Shelf(
        name="snapshots", unit="files", look=look, clear=clear, note="all snapshots went; the next start reads the log"
    )


def tells(path: Path, wanted: Wanted) -> bool:
    """Return whether a file tells of the people: of a telling text, or of an id between other characters than letters."""
    data = path.read_bytes()
    return bool(wanted.needles.may_be_in(data)) or any(name.encode() in data for name in wanted.subject.profiles)


def raw(project: Project) -> Shelf:
    """The journal: requests as they came. Whole files go, once what they held is in the log."""
    folder = journal_path(project)

    def look(wanted: Wanted) -> dict[str, int]:
        if not folder.is_dir():
            return {}
        journal = Journal(folder)
        try:
            return {"journal": entries_about(journal, wanted)}
        finally:
            journal.close()

    def clear(wanted: Wanted) -> None:
        if not folder.is_dir():
            return
        journal = Journal(folder)
        try:
            journal.start()
            journal.turn()
            journal.forget(journal.head)
        finally:
            journal.close()

    return Shelf(
        name="the journal", unit="entries", look=look, clear=clear, note="every request that was taken in by then went"
    )


def entries_about(journal: Journal, wanted: Wanted) -> int:
    """Return how many requests of the journal name the people. Cost: one pass over its files."""
    after, count = journal.oldest() - 1, 0
    while entries := journal.read(after, ENTRIES):
        count += sum(wanted.needles.are_in(entry.body) for entry in entries)
        after = entries[-1].position
    return count


def caches(project: Project) -> list[Shelf]:
    """Return the caches of a project; one that cannot be reached stops the erasure, which goes on when it can."""
    if not project.settings.caches:
        return []
    from coterie.connectors.caches.section import caches_of, open_cache

    told = caches_of(project.settings.caches)
    return [_cache(f"cache {name}", partial(open_cache, one)) for name, one in told.items()]


def _cache(name: str, opened: Callable[[], Cache]) -> Shelf:
    def asked(work: Callable[[Cache], int]) -> int:
        cache = opened()
        try:
            return work(cache)
        finally:
            cache.close()

    def clear(wanted: Wanted) -> None:
        asked(lambda cache: cache.forget(wanted.subject.profiles))

    return Shelf(
        name=name, unit="people", look=lambda wanted: {name: asked(lambda cache: cache.knows(wanted.subject.profiles))},
        clear=clear,
    )  # fmt: skip


def journal_path(project: Project) -> Path:
    """Return the folder of the journal."""
    return project.root / HIDDEN / "journal"
