"""Every place that keeps something about people, and how it lets go of them. What learns from people adds its own here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct

from coterie.engine.learning.models import models_of
from coterie.engine.matching import store_of
from coterie.engine.privacy.mentions import amend, mentioned
from coterie.engine.project import HIDDEN, Project
from coterie.identity.matching.proposal import Proposal
from coterie.privacy.needles import Needles
from coterie.privacy.receipt import Unit
from coterie.privacy.subject import Subject
from coterie.storage.access import AccessStore
from coterie.storage.forgetting import count_rows, erase_rows

BLOT = "[erased]"
"""Stands where a person was named in something that is about others too."""
OWN = frozenset({"state.db", "access.db", "matches.db"})
"""Databases of ``.coterie`` that have a shelf of their own."""


class Wanted(Struct, frozen=True):
    """The people that are to go."""

    subject: Subject
    needles: Needles

    def is_name(self, text: str) -> bool:
        """Return whether an id of a profile, or ``kind:value``, is one of theirs."""
        return text in self.subject.profiles or text in self.subject.keys


class Shelf(Struct, frozen=True, kw_only=True):
    """One place. ``look`` returns what it holds about the people, by a name for the receipt; ``clear`` lets go of it.

    Both may be called again at any time, and after a crash: what is gone stays gone.
    """

    name: str
    """What is being cleared, in a word."""
    unit: Unit
    look: Callable[[Wanted], dict[str, int]]
    clear: Callable[[Wanted], None]
    note: str = ""


Builder = Callable[[Project], Shelf]


def shelves_of(project: Project) -> list[Shelf]:
    """Return the shelves that are the same whether a server runs or not."""
    return [build(project) for build in BUILDERS]


def log(project: Project) -> Shelf:
    """The event log, with the history of the table."""
    return Shelf(
        name="the log",
        unit="rows",
        look=lambda wanted: {"log": project.events.about(wanted.subject.profiles)},
        clear=lambda wanted: _done(project.events.erase(wanted.subject.profiles)),
    )


def others(project: Project) -> Shelf:
    """Events of other people that name the person."""
    return Shelf(
        name="events of others",
        unit="rows",
        look=lambda wanted: {"log: events of others": mentioned(project.events, wanted.subject, wanted.needles)},
        clear=lambda wanted: amend(project.events, wanted.subject, wanted.needles, BLOT),
        note=f"the name was replaced by {BLOT}; merges with the person are gone",
    )


def changes(project: Project) -> Shelf:
    """Membership changes, with the history of the table."""

    def look(wanted: Wanted) -> dict[str, int]:
        return {"membership changes": project.changes.about(wanted.subject.profiles)}

    return Shelf(
        name="membership changes",
        unit="rows",
        look=look,
        clear=lambda wanted: _done(project.changes.erase(wanted.subject.profiles)),
    )


def mirrors(project: Project) -> Shelf:
    """Tables of the lake that repeat the committed state for other tools."""

    def look(wanted: Wanted) -> dict[str, int]:
        return {f"lake: {name}": table.about(wanted.subject.profiles) for name, table in project.mirrors.items()}

    def clear(wanted: Wanted) -> None:
        for table in project.mirrors.values():
            table.erase(wanted.subject.profiles)

    return Shelf(name="tables for other tools", unit="rows", look=look, clear=clear)


def quarantine(project: Project) -> Shelf:
    """Rows that were refused, with the history of the table."""

    def about(wanted: Wanted) -> list[str]:
        rows = project.quarantine.rows().to_pylist()
        return [
            row["id"]
            for row in rows
            if any(wanted.needles.are_in(row[one]) for one in ("row", "detail", "place", "id"))
        ]

    def clear(wanted: Wanted) -> None:
        project.quarantine.erase(about(wanted))

    return Shelf(
        name="the quarantine", unit="rows", look=lambda wanted: {"quarantine": len(about(wanted))}, clear=clear
    )


def lists(project: Project) -> Shelf:
    """Lists of the project and the copies that were taken of them."""

    def is_about(wanted: Wanted) -> Callable[[list[str]], bool]:
        return lambda cells: (
            bool(cells) and (wanted.is_name(cells[0].strip()) or any(map(wanted.needles.are_in, cells)))
        )

    return Shelf(
        name="lists",
        unit="lines",
        look=lambda wanted: {"lists": project.lists.about(is_about(wanted))},
        clear=lambda wanted: project.lists.erase(is_about(wanted)),
    )


def matches(project: Project) -> Shelf:
    """Proposed matches, whatever was decided about them."""

    def is_about(wanted: Wanted) -> Callable[[Proposal], bool]:
        return lambda one: (
            wanted.is_name(one.survivor) or wanted.is_name(one.loser) or wanted.needles.are_in(one.text())
        )

    return Shelf(
        name="matches",
        unit="entries",
        look=lambda wanted: {"matches": store_of(project).about(is_about(wanted))},
        clear=lambda wanted: store_of(project).erase(is_about(wanted)),
    )


def audit(project: Project) -> Shelf:
    """The audit log: that something was done stays, of whom does not."""
    path = project.root / HIDDEN / "access.db"

    def is_about(wanted: Wanted) -> Callable[[str], bool]:
        return lambda text: wanted.is_name(text.partition(":")[2]) or wanted.needles.are_in(text)

    def look(wanted: Wanted) -> dict[str, int]:
        return {"audit log": _with(path, lambda store: store.about(is_about(wanted)))}

    def clear(wanted: Wanted) -> None:
        _with(path, lambda store: store.blot(is_about(wanted), BLOT))

    return Shelf(
        name="the audit log", unit="entries", look=look, clear=clear, note=f"who and what were replaced by {BLOT}"
    )


def applies(project: Project) -> Shelf:
    """Definitions of the past that named the person; those in force are changed by their owners first."""
    return Shelf(
        name="applied definitions",
        unit="entries",
        look=lambda wanted: {"applied definitions": project.applied.about(wanted.needles.are_in)},
        clear=lambda wanted: project.applied.blot(wanted.needles.are_in, BLOT),
        note=f"the name was replaced by {BLOT}",
    )


def databases(project: Project) -> Shelf:
    """Every other SQLite file of the project: what sources, checks and models keep there."""

    def look(wanted: Wanted) -> dict[str, int]:
        found = {str(path.relative_to(project.root / HIDDEN)): path for path in _others(project)}
        return {f"database {name}": count_rows(path, wanted.needles.are_in) for name, path in found.items()}

    def clear(wanted: Wanted) -> None:
        for path in _others(project):
            erase_rows(path, wanted.needles.are_in)

    return Shelf(name="other databases", unit="rows", look=look, clear=clear)


def models(project: Project) -> Shelf:
    """Who was where when a model was fitted. Models are about nobody; but a category may be somebody's name: such a version goes,
    whole, since nobody may change what is signed. Published ones are not here then: that is seen to before an erasure begins."""
    store = models_of(project)

    def look(wanted: Wanted) -> dict[str, int]:
        return {
            "models: who was where": store.people.about(wanted.subject.profiles),
            "models: versions": len(store.holding(wanted.needles.are_in)),
        }

    def clear(wanted: Wanted) -> None:
        store.people.erase(wanted.subject.profiles)
        for kind, key, version in store.holding(wanted.needles.are_in):
            if version != store.published_version(kind, key):
                store.remove(kind, key, version, project.wall(), "erasure")

    return Shelf(name="models", unit="rows", look=look, clear=clear)


def leftovers(project: Project) -> Shelf:
    """Damaged files that a start set aside, and drafts that a crash left."""

    def files() -> list[Path]:
        hidden = project.root / HIDDEN
        found = [
            *hidden.glob("state.db.damaged-*"),
            *hidden.glob("journal/*.damaged-*"),
            *hidden.glob("journal/*.torn-*"),
        ]
        drafts = [*hidden.glob("snapshots/*.draft"), *hidden.glob("models/*/*/.*.draft")]
        return sorted({*found, *drafts})

    def clear(wanted: Wanted) -> None:
        for path in files():
            path.unlink(missing_ok=True)

    return Shelf(
        name="files set aside", unit="files", look=lambda wanted: {"files set aside": len(files())}, clear=clear
    )


BUILDERS: tuple[Builder, ...] = (
    log, others, changes, mirrors, quarantine, lists, matches, audit, applies, databases, models, leftovers,
)  # fmt: skip
"""The shelves in the order in which they are cleared. A store that learns from people (a model, an index) adds its own."""


def _others(project: Project) -> Iterator[Path]:
    hidden = project.root / HIDDEN
    for path in sorted(hidden.rglob("*.db")):
        if path.is_file() and str(path.relative_to(hidden)) not in OWN:
            yield path


def _with(path: Path, work: Callable[[AccessStore], int]) -> int:
    if not path.exists():
        return 0
    store = AccessStore(path)
    try:
        return work(store)
    finally:
        store.close()


def _done(found: object) -> None:
    """What a store tells of its work is counted before and after instead."""
