"""A reader as bytes and back: the same state gives the same bytes, and the same bytes the same future."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import numpy as np

from coterie.errors import CoterieError
from coterie.segments.catalog import Catalog
from coterie.segments.live import layout as at
from coterie.segments.live.layout import Ints
from coterie.segments.live.memory import Memory
from coterie.segments.live.profiles import Profiles

MAGIC = b"coterie-live-2\n"
DIGEST = 16


class Saved(msgspec.Struct, frozen=True):
    """What a snapshot holds. Arrays are their raw little-endian bytes, cut to what is used."""

    catalog: bytes
    now: int
    rows: bytes
    arena: bytes
    meta: bytes
    wheel: bytes
    counts: bytes
    numeric: bool | None
    known: int
    texts: list[str]
    numbers: bytes
    forward: bytes
    dictionaries: list[tuple[str, list[str]]]
    keys: tuple[bytes, bytes]
    duplicates: int


def fingerprint(catalog: Catalog) -> bytes:
    """Return what tells one catalog from another: keys, versions and nodes, and what models measure, in order."""
    whole = [list(catalog), list(catalog.measures.items())]
    return hashlib.blake2b(msgspec.json.encode(whole), digest_size=DIGEST).digest()


def encode(live: Any) -> bytes:
    """Return the state of a reader. Cost: one copy of it."""
    memory: Memory = live.memory
    profiles: Profiles = live.profiles
    meta = memory.meta
    young, old = live.duplicates.generations()
    saved = Saved(
        catalog=fingerprint(live.catalog),
        now=int(live.now),
        rows=memory.rows[: profiles.known * memory.width].tobytes(),
        arena=memory.arena[: meta[at.M_TOP]].tobytes(),
        meta=meta.tobytes(),
        wheel=memory.wheel[: meta[at.M_NODE_TOP]].tobytes(),
        counts=live.member_counts.tobytes(),
        numeric=profiles.numeric,
        known=profiles.known,
        texts=profiles.texts,
        numbers=profiles.numbers[: profiles.known].tobytes() if profiles.numeric else b"",
        forward=_forward(profiles).tobytes(),
        dictionaries=[(key, one.texts) for key, one in sorted(live.dictionaries.by_key.items())],
        keys=(young.tobytes(), old.tobytes()),
        duplicates=live.duplicates.dropped,
    )
    payload = msgspec.msgpack.encode(saved)
    return MAGIC + hashlib.blake2b(payload, digest_size=DIGEST).digest() + payload


def decode(data: bytes, catalog: Catalog) -> Saved:
    """Return what a snapshot holds.

    Raises CoterieError when the bytes are damaged or of another format, or the catalog is not the one they were taken with.
    """
    head = len(MAGIC) + DIGEST
    if data[: len(MAGIC)] != MAGIC:
        raise CoterieError("this is no snapshot of a live reader", hint="or one of another version: replay the log")
    payload = memoryview(data)[head:]
    if hashlib.blake2b(payload, digest_size=DIGEST).digest() != data[len(MAGIC) : head]:
        raise CoterieError("the snapshot is damaged: its checksum differs", hint="take an older one, or replay the log")
    saved = msgspec.msgpack.decode(payload, type=Saved)
    if saved.catalog != fingerprint(catalog):
        raise CoterieError(
            "the snapshot was taken with other definitions", hint="restore with those, then edit to the new ones"
        )
    return saved


def fill(live: Any, saved: Saved) -> None:
    """The empty reader ``live`` has the saved state."""
    live.now = saved.now
    live.member_counts[:] = _ints(saved.counts)
    live.duplicates.restore(_ints(saved.keys[0]), _ints(saved.keys[1]), saved.duplicates)
    live.profiles.restore(
        saved.numeric, saved.known, saved.texts, _ints(saved.numbers), np.frombuffer(saved.forward, np.int32).copy()
    )
    live.memory.restore(
        _ints(saved.rows), _ints(saved.arena), _ints(saved.meta), np.frombuffer(saved.wheel, np.uint32).copy()
    )
    for key, texts in saved.dictionaries:
        live.dictionaries[key].restore(texts)
    live.dictionaries.serve(live.made)


def _ints(data: bytes) -> Ints:
    return np.frombuffer(data, np.int64).copy()


def _forward(profiles: Profiles) -> Any:
    """Return where each row was absorbed, one entry per row, or nothing when none ever was."""
    if not len(profiles.forward):
        return np.zeros(0, np.int32)
    whole = np.full(profiles.known, -1, np.int32)
    have = min(profiles.known, len(profiles.forward))
    whole[:have] = profiles.forward[:have]
    return whole
