"""A reader in parts that can be written while it goes on: whole copies of its arrays, and its texts in handfuls.

Copying arrays releases the interpreter's lock; texts are encoded some thousands at a time, so no other thread waits long.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import numpy as np

from coterie.errors import CoterieError
from coterie.segments.catalog import Catalog
from coterie.segments.live import layout as at
from coterie.segments.live.snapshots import fingerprint

FORMAT = "coterie-live-sections-1"
HANDFUL = 1 << 14
"""Texts in one section: about half a millisecond of the interpreter's time."""

Buffer = Any
"""Whatever the buffer protocol reads: bytes, or an array that is nobody else's."""


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What the sections are of: ``catalog`` and ``shape`` tell whether a reader can take them up."""

    format: str
    catalog: bytes
    shape: bytes
    now: int
    known: int
    numeric: bool | None
    dictionaries: list[tuple[str, int]]
    """(key, how many values) of every dictionary; section ``values/<number>/…`` holds them."""
    filled: list[int]
    """How many values each table of the plan knows; section ``table/<number>``."""
    most: int
    """Event keys in one generation."""


def sections_of(live: Any) -> list[tuple[str, Buffer]]:
    """Return the state of a reader as named buffers that it will not touch again.

    Cost: one copy of its arrays; about 0.1 s for a million profiles with text ids.
    """
    memory, profiles, meta = live.memory, live.profiles, live.memory.meta
    dictionaries = sorted(live.dictionaries.by_key.items())
    tables = live.dictionaries.filled()
    about = About(
        format=FORMAT,
        catalog=fingerprint(live.catalog),
        shape=live.made.shape,
        now=int(live.now),
        known=profiles.known,
        numeric=profiles.numeric,
        dictionaries=[(key, len(one)) for key, one in dictionaries],
        filled=[len(one) for one in tables],
        most=live.duplicates.most,
    )
    found: list[tuple[str, Buffer]] = [
        ("about", msgspec.msgpack.encode(about)),
        ("rows", memory.rows[: profiles.known * memory.width].copy()),
        ("arena", memory.arena[: meta[at.M_TOP]].copy()),
        ("meta", meta.copy()),
        ("wheel", memory.wheel[: meta[at.M_NODE_TOP]].copy()),
        ("counts", live.member_counts.copy()),
        ("forward", profiles.forward[: profiles.known].copy()),
        ("numbers", profiles.numbers[: profiles.known].copy()),
        ("keys/0", live.duplicates.tables[0].copy()),
        ("keys/1", live.duplicates.tables[1].copy()),
        ("keys/meta", live.duplicates.meta.copy()),
    ]
    found += _handfuls("ids", profiles.texts)
    for number, (_, one) in enumerate(dictionaries):
        found += _handfuls(f"values/{number}", one.texts)
    found += [(f"table/{number}", table) for number, table in enumerate(tables)]
    return found


def _handfuls(name: str, texts: list[str]) -> Iterable[tuple[str, Buffer]]:
    for number, begin in enumerate(range(0, len(texts), HANDFUL)):
        yield f"{name}/{number}", msgspec.msgpack.encode(texts[begin : begin + HANDFUL])


def about_of(sections: Mapping[str, Buffer]) -> About:
    """Return what sections are of. Raises CoterieError when they are none of this format."""
    try:
        about = msgspec.msgpack.decode(sections["about"], type=About)
    except (KeyError, msgspec.MsgspecError) as error:
        raise CoterieError("this is no state of a live reader", hint="replay the log") from error
    if about.format != FORMAT:
        raise CoterieError(f"the state is of another version: {about.format!r}", hint="replay the log")
    return about


def check(about: About, catalog: Catalog, shape: bytes) -> None:
    """Nothing: the state is of this catalog, in rows of this shape. Raises CoterieError when it is not."""
    if about.catalog != fingerprint(catalog):
        raise CoterieError("the state is of other definitions", hint="restore with those, then edit to the new ones")
    if about.shape != shape:
        raise CoterieError(
            "the state lies in rows of another shape: limits or time zones changed", hint="replay the log"
        )


def take_up(live: Any, about: About, sections: Mapping[str, Buffer]) -> None:
    """The empty reader ``live`` has the state of the sections. Cost: about 0.3 s for a million profiles with text ids."""
    live.now = about.now
    live.member_counts[:] = _array(sections["counts"])
    _take_up_keys(live.duplicates, about, sections)
    texts = _gathered("ids", sections)
    forward = _array(sections["forward"], np.int32)
    live.profiles.restore(about.numeric, about.known, texts, _array(sections["numbers"]), forward)
    rows, arena, meta = (_array(sections[name]) for name in ("rows", "arena", "meta"))
    live.memory.restore(rows, arena, meta, _array(sections["wheel"], np.uint32))
    for number, (key, _) in enumerate(about.dictionaries):
        live.dictionaries[key].restore(_gathered(f"values/{number}", sections))
    live.dictionaries.refill(live.made, [sections[f"table/{number}"] for number in range(len(about.filled))])
    live.dictionaries.serve(live.made)


def _take_up_keys(duplicates: Any, about: About, sections: Mapping[str, Buffer]) -> None:
    tables, meta = (_array(sections["keys/0"]), _array(sections["keys/1"])), _array(sections["keys/meta"])
    if about.most == duplicates.most:
        duplicates.tables, duplicates.meta = tables, meta
        return
    young, old = tables if meta[at.M_AGE] == 0 else tables[::-1]
    duplicates.restore(young[young != 0], old[old != 0], int(meta[at.M_DUPLICATES]))


def _gathered(name: str, sections: Mapping[str, Buffer]) -> list[str]:
    texts: list[str] = []
    decoder = msgspec.msgpack.Decoder(list[str])
    while (part := sections.get(f"{name}/{len(texts) // HANDFUL}")) is not None:
        texts += decoder.decode(part)
        if len(texts) % HANDFUL:
            break
    return texts


def _array(data: Buffer, kind: Any = np.int64) -> Any:
    return np.frombuffer(data, kind).copy()
