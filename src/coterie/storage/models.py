"""Learned models in a folder: signed artefacts by kind, key and version, who was where at the fit, and what was done with them."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
from msgspec import structs

from coterie.errors import Conflict, NotFound, Problem, nearest
from coterie.learned.artefact import Artefact
from coterie.learned.definition import KINDS
from coterie.learned.envelope import bytes_in, opened, read, sealed
from coterie.learned.record import Record, published_version
from coterie.storage.lock import alone
from coterie.storage.model_people import ENDING, ModelPeople
from coterie.storage.model_signers import ModelSigners
from coterie.storage.private import write_whole
from coterie.triggers.words import KEY_PATTERN

SIGNATURE = "signature"
"""Figure of a version that was removed: the same file may come back, another one under its number may not."""
VERSIONS_MAX = 1_000_000_000
"""The highest version that is taken from elsewhere: one more has to stay a number that every reader can hold."""


class ModelStore:
    """The models in the folder ``path``: ``<kind>/<key>/<version>.json``. Every file is whole or not there.

    ``private`` returns the key that signs what is saved here; it is asked only when something is saved or read.
    """

    def __init__(self, path: str | Path, private: Callable[[], bytes]) -> None:
        self.path, self._private = Path(path), private
        self.signers = ModelSigners(self.path, private)
        self.people = ModelPeople(self.path)

    # ── versions ─────────────────────────────────────────────────────────────────────────────────────────────

    def models(self) -> list[tuple[str, str]]:
        """Return (kind, key) of every model of which there is a version, sorted."""
        folders = [one for kind in KINDS for one in self.path.glob(f"{kind}/*") if re.fullmatch(KEY_PATTERN, one.name)]
        found = [(one.parent.name, one.name) for one in folders]
        return sorted(one for one in found if self.versions(*one))

    def versions(self, kind: str, key: str) -> list[int]:
        """Return the versions of a model, ascending."""
        return sorted(int(one.stem) for one in self._folder(kind, key).glob("*.json") if one.stem.isdecimal())

    def save(
        self, artefact: Artefact, assignments: pa.Table | None = None, *, at: int | None = None, by: str = ""
    ) -> Artefact:
        """Return the artefact with the next version, signed and on the disk; it is not published by that.

        ``assignments`` (profile text, cluster text, …) says who was where at the fit, for matching clusters later; it is kept beside
        the artefact, where an erasure finds it. Raises: Problem for parameters that are no plain finite data.
        """
        folder = self._folder(artefact.kind, artefact.key)
        folder.mkdir(parents=True, exist_ok=True)
        while True:
            version = max(self._used(artefact.kind, artefact.key), default=0) + 1
            numbered = structs.replace(artefact, version=version)
            if _put(folder / f"{version}.json", bytes_in(sealed(numbered, self._private()))):
                break
        if assignments is not None:
            self.people.put(self._people(artefact.kind, artefact.key, version), assignments)
        at = artefact.fitted_at if at is None else at
        self.record(artefact.kind, artefact.key, Record(at=at, deed="saved", version=version, by=by))
        return numbered

    def load(self, kind: str, key: str, version: int | None = None) -> Artefact:
        """Return a version of a model, the newest when not said. Raises: NotFound, Problem for a signature that does not hold."""
        known = self.versions(kind, key)
        if not known:
            hint = nearest(key, [name for _, name in self.models()]) or f"fit it first; its file is models/{key}.yaml"
            raise NotFound(f"no fitted model {key!r} ({kind})", hint=hint)
        if version is not None and version not in known:
            raise NotFound(f"no version {version} of {key!r}", hint=f"there are: {', '.join(map(str, known))}")
        number = known[-1] if version is None else version
        path = self._folder(kind, key) / f"{number}.json"
        artefact = opened(read(path.read_bytes(), str(path)), self.signers.accepted(), str(path))
        if (artefact.kind, artefact.key, artefact.version) != (kind, key, number):
            received = f"{artefact.kind} {artefact.key}, version {artefact.version}"
            raise Problem(
                "another model than its place says",
                where=str(path),
                received=received,
                allowed=f"{kind} {key}, version {number}",
            )
        return artefact

    def add(self, data: bytes, where: str, at: int, by: str = "") -> Artefact:
        """Return the artefact of a file from elsewhere, kept with the signature and the version that it came with.

        Raises: Problem when it is unsigned, changed or by a key that is not trusted; Conflict when the version is taken,
        or was by another file than this one.
        """
        envelope = read(data, where)
        artefact = opened(envelope, self.signers.accepted(), where)
        if not 1 <= artefact.version <= VERSIONS_MAX:
            raise Problem("no version", where=where, received=artefact.version, allowed=f"1 to {VERSIONS_MAX:,}")
        folder = self._folder(artefact.kind, artefact.key)
        folder.mkdir(parents=True, exist_ok=True)
        is_used = artefact.version in self._used(artefact.kind, artefact.key)
        is_back = any(
            one.figures.get(SIGNATURE) == envelope.signature for one in self.history(artefact.kind, artefact.key)
        )
        if (is_used and not is_back) or not _put(folder / f"{artefact.version}.json", bytes_in(envelope)):
            raise Conflict(
                f"there is a version {artefact.version} of {artefact.key!r} already",
                hint="fit it here, or add it under another key",
            )
        self.record(
            artefact.kind, artefact.key, Record(at=at, deed="added", version=artefact.version, by=by, note=envelope.key)
        )
        return artefact

    def file(self, kind: str, key: str, version: int) -> bytes:
        """Return the file of a version, to be added elsewhere. Raises: NotFound, Problem."""
        self.load(kind, key, version)
        return (self._folder(kind, key) / f"{version}.json").read_bytes()

    def signer(self, kind: str, key: str, version: int) -> str:
        """Return the public key that a version says it was signed with. Raises: Problem."""
        path = self._folder(kind, key) / f"{version}.json"
        return read(path.read_bytes(), str(path)).key

    def remove(self, kind: str, key: str, version: int, at: int, by: str = "") -> None:
        """A version is gone, with who was where. Raises: NotFound, Conflict when it is the published one."""
        if version == self.published_version(kind, key):
            raise Conflict(f"version {version} of {key!r} is published", hint="publish another, or withdraw it first")
        if version not in self.versions(kind, key):
            raise NotFound(f"no version {version} of {key!r}")
        path = self._folder(kind, key) / f"{version}.json"
        figures: dict[str, Any] = {}
        with contextlib.suppress(Problem):  # what is no model any more can be removed, and does not come back
            figures = {SIGNATURE: read(path.read_bytes(), str(path)).signature}
        self._people(kind, key, version).unlink(missing_ok=True)
        path.unlink()
        self.record(kind, key, Record(at=at, deed="removed", version=version, by=by, figures=figures))

    def holding(self, is_named: Callable[[bytes], bool]) -> list[tuple[str, str, int]]:
        """Return (kind, key, version) of every file of a model of which ``is_named`` says so. Cost: every file is read."""
        return [
            (kind, key, version)
            for kind, key in self.models()
            for version in self.versions(kind, key)
            if is_named((self._folder(kind, key) / f"{version}.json").read_bytes())
        ]

    # ── what is in force ─────────────────────────────────────────────────────────────────────────────────────

    def publish(self, kind: str, key: str, version: int, at: int, *, by: str = "", note: str = "") -> Artefact:
        """Return the version, which is the published one from now on. Raises: NotFound, Problem for a signature that does not hold."""
        artefact = self.load(kind, key, version)
        self.record(kind, key, Record(at=at, deed="published", version=version, by=by, note=note))
        return artefact

    def withdraw(self, kind: str, key: str, at: int, *, by: str = "", note: str = "") -> None:
        """No version is published any more. Raises: NotFound when none was."""
        version = self.published_version(kind, key)
        if version is None:
            raise NotFound(f"{key!r} is not published")
        self.record(kind, key, Record(at=at, deed="withdrawn", version=version, by=by, note=note))

    def published_version(self, kind: str, key: str) -> int | None:
        """Return the version that is published, nothing when none is."""
        return published_version(self.history(kind, key))

    def published(self, kind: str, key: str) -> Artefact | None:
        """Return the published artefact, nothing when none is. Raises: Problem for a signature that does not hold."""
        version = self.published_version(kind, key)
        return None if version is None else self.load(kind, key, version)

    def all_published(self) -> list[Artefact]:
        """Return every published artefact by kind and key. Raises: Problem for a signature that does not hold."""
        found = [self.published(kind, key) for kind, key in self.models()]
        return [one for one in found if one is not None]

    def history(self, kind: str, key: str) -> tuple[Record, ...]:
        """Return what was done with a model, oldest first. Raises: Problem for a file that is no history."""
        path = self._folder(kind, key) / "history.jsonl"
        if not path.exists():
            return ()
        try:
            return tuple(msgspec.json.decode(line, type=Record) for line in path.read_bytes().splitlines())
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            hint = "take the file from a backup; without it no version of the model is published"
            raise Problem(f"not the history of a model: {error}", where=str(path), hint=hint) from error

    def record(self, kind: str, key: str, record: Record) -> None:
        """The fact is the last of the model's history, on the disk; after a crash it is there whole or not at all."""
        folder = self._folder(kind, key)
        with alone(
            folder
        ):  # a server fits, watches drift and answers at the same time, and a command may fit beside it
            lines = [msgspec.json.encode(one) for one in (*self.history(kind, key), record)]
            write_whole(folder / "history.jsonl", b"\n".join(lines) + b"\n")

    def assignments(self, kind: str, key: str, version: int) -> pa.Table | None:
        """Return who was where at the fit (profile, cluster, …), nothing when that was not kept. Erased people are not in it."""
        return self.people.get(self._people(kind, key, version))

    def _used(self, kind: str, key: str) -> set[int]:
        """Return every version that there is or was: a number never means two models."""
        return {*self.versions(kind, key), *(one.version for one in self.history(kind, key))}

    def about(self, people: Collection[str]) -> Iterator[dict[str, Any]]:
        """Yield the rows about these people, with kind, key and version of the model, in all versions of all models."""
        for kind, key in self.models():
            for version in self.versions(kind, key):
                for row in self.people.rows_of(self._people(kind, key, version), people):
                    yield {"kind": kind, "key": key, "version": version, **row}

    def _people(self, kind: str, key: str, version: int) -> Path:
        return self._folder(kind, key) / f"{version}{ENDING}"

    def _folder(self, kind: str, key: str) -> Path:
        if kind not in KINDS:
            raise NotFound(f"no kind of model {kind!r}", hint=nearest(kind, KINDS) or f"there are: {', '.join(KINDS)}")
        if not re.fullmatch(KEY_PATTERN, key):
            raise NotFound(f"no model {key!r}")
        return self.path / kind / key


def _put(path: Path, data: bytes) -> bool:
    """Return whether the file is there now, whole; not when there was one already."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.draft")
    write_whole(draft, data)
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink(missing_ok=True)
    return True
