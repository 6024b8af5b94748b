"""Names of events in classes: two names are of one class when the same selectors select them."""

from __future__ import annotations

import re

import numpy as np

from coterie.model import SYSTEM_PREFIX
from coterie.segments.core import Selector
from coterie.segments.live import layout as at
from coterie.segments.live.layout import Plan
from coterie.segments.live.plans import Design, packed


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
    """The class of every name met so far. ``plan`` grows by what a new class of names listens to."""

    def __init__(self, made: Design, only: frozenset[int] | None = None) -> None:
        """Classes of the plan's names; with ``only``, events reach just these stores."""
        self._made = made
        self._only = only
        self._class_of: dict[str, int] = {}
        self._signatures: dict[tuple[bool, ...], int] = {}
        self._stores: list[list[int]] = []
        self.reads: list[bool] = []

    def class_of(self, name: str) -> int:
        """Return the number of the name's class, a new one if its selectors are met for the first time."""
        known = self._class_of.get(name)
        if known is None:
            signature = tuple(selects(selector, name) for selector in self._made.draft.selectors)
            if signature not in self._signatures:
                self._signatures[signature] = len(self._stores)
                self._add(signature)
            known = self._class_of[name] = self._signatures[signature]
        return known

    def _add(self, signature: tuple[bool, ...]) -> None:
        draft = self._made.draft
        listening = [
            i
            for i, store in enumerate(draft.stores)
            if any(one >= 0 and signature[one] for one in store.selectors) and (self._only is None or i in self._only)
        ]
        self._stores.append(listening)
        chosen = [i for i, selected in enumerate(signature) if selected]
        self.reads.append(
            any(draft.stores[i].column for i in listening) or any(draft.selectors[i].where for i in chosen)
        )
        self._made.plan = self._grown(self._made.plan, signature)

    def _grown(self, plan: Plan, signature: tuple[bool, ...]) -> Plan:
        """Return ``plan`` with the arrays of the class added last."""
        stores, stores_at = packed(self._stores)
        segments, segments_at = packed(self._touched(plan, group) for group in self._stores)
        matches = np.vstack([plan.matches, np.array([signature], np.uint8).reshape(1, plan.matches.shape[1])])
        shape = plan.shape.copy()
        runs = [sum(at.K_RUN <= plan.stores[i, at.S_KIND] < at.K_HASH for i in group) for group in self._stores]
        shape[at.STORES] = max(runs, default=0)
        return plan._replace(
            shape=shape,
            matches=matches,
            class_stores=stores,
            class_stores_at=stores_at,
            class_segments=segments,
            class_segments_at=segments_at,
        )

    def _touched(self, plan: Plan, stores: list[int]) -> list[int]:
        """Return the segments that the stores feed, and those that refer to them, in order of evaluation."""
        found: set[int] = set()
        waiting = [segment for i in stores for segment in self._made.draft.stores[i].segments]
        while waiting:
            segment = waiting.pop()
            if segment not in found:
                found.add(segment)
                begin, end = plan.dependents_at[segment : segment + 2]
                waiting.extend(int(one) for one in plan.dependents[begin:end])
        return sorted(found)
