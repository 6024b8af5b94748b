"""Where privacy keeps what it needs: the secret, the suppression list, receipts, and erasures that are under way."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
from msgspec import Struct

from coterie.engine.project import HIDDEN, Project
from coterie.privacy.secret import Secret
from coterie.privacy.signing import new_key, public_of
from coterie.privacy.subject import Subject
from coterie.storage.private import Receipts, SuppressionList, own, secret_bytes, write_whole

DONE = ".done"
"""Ending of the file of an erasure that is finished, until it is gone."""


def folder_of(project: Project) -> Path:
    """Return the folder of all this."""
    return project.root / HIDDEN / "privacy"


def secret_of(project: Project) -> Secret:
    """Return the project's secret: the environment's ``COTERIE_SECRET``, else one in a file, made when first asked for."""
    return Secret(secret_bytes(folder_of(project), os.environ))


def signing_key(project: Project) -> bytes:
    """Return the private key that signs receipts, made when first asked for."""
    return own(folder_of(project) / "receipts.key", new_key)


def public_key(project: Project) -> bytes:
    """Return the public key that checks receipts of this project."""
    return public_of(signing_key(project))


def suppressions_of(project: Project) -> SuppressionList:
    """Return the list of those who are not to come back."""
    return SuppressionList(folder_of(project) / "suppressed")


def receipts_of(project: Project) -> Receipts:
    """Return the receipts of all erasures."""
    return Receipts(folder_of(project) / "receipts")


class Pending(Struct, frozen=True, kw_only=True):
    """An erasure under way. It names the people, so its file goes with its last step."""

    id: str
    subject: Subject
    """All of them as one."""
    families: tuple[tuple[str, ...], ...] = ()
    """The identifiers of each of them."""
    people: tuple[str, ...]
    """Keyed hashes of the people, for the receipt."""
    asked_at: int
    asked_by: str
    reason: str
    suppress: bool
    found: dict[str, int] | None = None
    """What each place held when the erasure began, ``None`` before that was counted."""
    told: dict[str, int] = {}


def pending_of(project: Project) -> list[Pending]:
    """Return the erasures that were begun and not finished, oldest first."""
    folder = folder_of(project) / "pending"
    files = sorted(folder.glob("*.json")) if folder.is_dir() else []
    found = [msgspec.json.decode(file.read_bytes(), type=Pending) for file in files]
    return sorted(found, key=lambda one: (one.asked_at, one.id))


def pending_path(project: Project, pending: Pending) -> Path:
    """Return the file of an erasure under way."""
    return folder_of(project) / "pending" / f"{pending.id}.json"


def keep(project: Project, pending: Pending) -> None:
    """The erasure is under way, and a crash does not change that."""
    path = pending_path(project, pending)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, msgspec.json.encode(pending))


def finish(project: Project, pending: Pending) -> None:
    """The erasure is not under way any more, and its file says nothing about anybody."""
    path = pending_path(project, pending)
    if path.exists():
        os.replace(path, path.with_suffix(DONE))
    sweep(project)


def sweep(project: Project) -> None:
    """Of erasures that are finished, and of files that a crash cut short, nothing is left."""
    folder = folder_of(project) / "pending"
    for path in [*folder.glob(f"*{DONE}"), *folder.glob(".*.draft")] if folder.is_dir() else ():
        with path.open("r+b") as file:
            file.write(b"\0" * path.stat().st_size)
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
