"""Names of events in classes: two names are of one class when the same selectors select them."""

from __future__ import annotations

import re

import numpy as np

from coterie.model import SYSTEM_PREFIX
from coterie.segments.core import Selector
from coterie.segments.live import layout as at
from coterie.segments.live.plans import RUN_KINDS, Design


def selects(selector: Selector, name: str) -> bool:
    """Return whether events called ``name`` are among those a selector names."""
    if name in selector.names:
        return True
    if name.startswith(SYSTEM_PREFIX):
        return False
    if selector.pattern:
        parts = ({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in selector.pattern)
        return re.fullmatch("".join(parts), name, re.DOTALL) is not None
    return not selector.names


class Names:
    """The class of every name met so far. The plan grows by what a new class of names listens to."""

    def __init__(self, made: Design, only: frozenset[int] | None = None) -> None:
        """Classes of the plan's names; with ``only``, events reach just these stores."""
        self._made = made
        self._only = only
        self._class_of: dict[str, int] = {}
        self._signatures: dict[tuple[bool, ...], int] = {}
        self.reads: dict[int, bool] = {}

    def copy(self, made: Design) -> Names:
        """Return the same classes for ``made``, a copy of the plan that holds them already."""
        other = Names(made, self._only)
        other._class_of, other._signatures = self._class_of.copy(), self._signatures.copy()
        other.reads = self.reads.copy()
        return other

    def class_of(self, name: str) -> int:
        """Return where the record of the name's class begins; it is new if its selectors are met for the first time."""
        known = self._class_of.get(name)
        if known is None:
            signature = tuple(selects(selector, name) for selector in self._made.draft.selectors)
            if signature not in self._signatures:
                self._signatures[signature] = self._add(signature)
            known = self._class_of[name] = self._signatures[signature]
        return known

    def _add(self, signature: tuple[bool, ...]) -> int:
        """Return where the record of a new class begins, at the end of the plan."""
        made, draft = self._made, self._made.draft
        listening = [
            i
            for i, store in enumerate(draft.stores)
            if any(one >= 0 and signature[one] for one in store.selectors) and (self._only is None or i in self._only)
        ]
        self.reads[len(made.plan)] = any(draft.stores[i].column for i in listening) or any(
            selector.where for selector, selected in zip(draft.selectors, signature, strict=True) if selected
        )
        segments, begin = self._touched(listening), len(made.plan)
        stores_at = begin + at.C_SELECTED + len(signature)
        segments_at = stores_at + len(listening)
        record = [stores_at, segments_at, segments_at, segments_at + len(segments), *map(int, signature)]
        record += [made.stores_at[i] for i in listening] + segments
        made.plan = np.concatenate([made.plan, np.array(record, np.int64)])
        runs = sum(draft.stores[i].kind in RUN_KINDS for i in listening)
        made.plan[at.RUNS] = max(runs, made.plan[at.RUNS])
        return begin

    def _touched(self, stores: list[int]) -> list[int]:
        """Return the segments that the stores feed, and those that refer to them, in order of evaluation."""
        found: set[int] = set()
        waiting = [segment for i in stores for segment in self._made.draft.stores[i].segments]
        while waiting:
            segment = waiting.pop()
            if segment not in found:
                found.add(segment)
                waiting.extend(self._made.dependents[segment])
        return sorted(found)
