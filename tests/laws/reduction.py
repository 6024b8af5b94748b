"""Makes a failing case small: fewer definitions, events and instants, simpler nodes, rounder numbers, same difference."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, get_args

from msgspec import Struct, structs

from coterie.limits import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from coterie.segments import core
from coterie.segments.catalog import Catalog
from tests.laws.cases import Case

Fails = Callable[[Case], bool]
NODES: tuple[type, ...] = get_args(core.Node)
TESTS: tuple[type, ...] = get_args(core.Test)
WINDOWS: tuple[type, ...] = get_args(core.Window)
AT_LEAST_ONE = {(core.Sequence, "steps"), (core.OneOf, "values"), (core.Element, "where"), (core.Includes, "values")}


def simpler(value: Any) -> Iterator[Any]:
    """Yield structs that are one step simpler than ``value`` and may stand in its place."""
    if isinstance(value, NODES):
        yield from (core.ALWAYS, core.NEVER) if value not in (core.ALWAYS, core.NEVER) else ()
        yield from getattr(value, "items", ())
        yield from (value.item,) if isinstance(value, core.Not) else ()
    if isinstance(value, TESTS) and not isinstance(value, core.Exists):
        yield core.Exists()
    if isinstance(value, WINDOWS) and value != core.EVER:
        yield core.EVER
    for name in getattr(value, "__struct_fields__", ()):
        for other in _simpler_field(value, name):
            yield structs.replace(value, **{name: other})


def _simpler_field(owner: Struct, name: str) -> Iterator[Any]:
    value = getattr(owner, name)
    if isinstance(value, tuple):
        if len(value) > (1 if (type(owner), name) in AT_LEAST_ONE else 0):
            yield from (value[:i] + value[i + 1 :] for i in range(len(value)))
        for i, item in enumerate(value):
            if isinstance(item, Struct):
                yield from ((*value[:i], other, *value[i + 1 :]) for other in simpler(item))
    elif isinstance(value, Struct):
        yield from simpler(value)
        if name in ("absent",):
            yield None
    elif name in ("window_us", "within_us", "older_us", "after", "before") and value is not None:
        yield None
    elif name == "time_zone" and value != "UTC":
        yield "UTC"
    elif name in ("same", "pattern") and value and isinstance(owner, core.Sequence | core.Selector):
        yield ""
    elif name in ("negate", "newer_us", "offset") and value:
        yield type(value)(0)
    elif name == "count" and isinstance(owner, core.Calendar) and value > 1:
        yield 1


def without(items: tuple[Any, ...], keep: Callable[[tuple[Any, ...]], bool]) -> tuple[Any, ...]:
    """Return ``items`` less whatever runs of them ``keep`` does not need: halves first, single ones last."""
    size = max(1, len(items) // 2)
    while items:
        start = 0
        while start < len(items):
            fewer = items[:start] + items[start + size :]
            if keep(fewer):
                items = fewer
            else:
                start += size
        if size == 1:
            return items
        size //= 2
    return items


class Reducer:
    """Tries smaller cases until none fails or ``seconds`` have passed."""

    def __init__(self, fails: Fails, case: Case, seconds: float = 60.0) -> None:
        self.case, self._fails, self._until = case, fails, time.monotonic() + seconds

    def accept(self, **fields: Any) -> bool:
        """Take the case with other fields if it still fails."""
        smaller = structs.replace(self.case, **fields)
        if time.monotonic() > self._until or smaller == self.case or not smaller.log.events or not smaller.nodes:
            return False
        if not self._fails(smaller):
            return False
        self.case = smaller
        return True

    def begin_with(self, key: str, at: int) -> None:
        """Try the definition and the instant at which the difference was seen, before anything else."""
        needed = Catalog.of(self.case.nodes).closure(key).keys
        nodes = {one: self.case.nodes[one] for one in needed}
        if not self.accept(nodes=nodes, instants=(at,)):
            self.accept(nodes=nodes)

    def reduced(self) -> Case:
        before = None
        while before != self.case and time.monotonic() < self._until:
            before = self.case
            self.fewer_definitions()
            self.fewer_instants()
            self.fewer_events()
            self.simpler_nodes()
            self.simpler_events()
        self.rounder()
        return self.case

    def fewer_definitions(self) -> None:
        catalog = Catalog.of(self.case.nodes)
        for key in catalog.keys:
            if self.accept(nodes={one: self.case.nodes[one] for one in catalog.closure(key).keys}):
                break
        for key in list(self.case.nodes):
            rest = {one: node for one, node in self.case.nodes.items() if one != key}
            if not any(key in core.references(node) for node in rest.values()):
                self.accept(nodes=rest)

    def fewer_instants(self) -> None:
        without(self.case.instants, lambda some: self.accept(instants=some))

    def fewer_events(self) -> None:
        without(self.case.log.events, lambda some: self.accept(log=structs.replace(self.case.log, events=some)))

    def simpler_nodes(self) -> None:
        for key in list(self.case.nodes):
            progress = True
            while progress:
                progress = False
                for node in simpler(self.case.nodes[key]):
                    if self.accept(nodes={**self.case.nodes, key: node}):
                        progress = True
                        break

    def simpler_events(self) -> None:
        if self.case.log.hot:
            self.accept(log=structs.replace(self.case.log, hot=()))
        for index in range(len(self.case.log.events)):
            for key in list(self.case.log.events[index].properties):
                rest = {k: v for k, v in self.case.log.events[index].properties.items() if k != key}
                self.change_event(index, properties=rest)
            self.change_event(index, received_at=self.case.log.events[index].occurred_at)

    def change_event(self, index: int, **fields: Any) -> None:
        events = list(self.case.log.events)
        events[index] = structs.replace(events[index], **fields)
        if all(one.received_at <= two.received_at for one, two in pairwise(events)):
            self.accept(log=structs.replace(self.case.log, events=tuple(events)))

    def rounder(self) -> None:
        """Round every instant of the log and of the questions to the same whole unit, if the difference survives it."""
        for unit in (DAY_US, HOUR_US, MINUTE_US, SECOND_US):
            events = tuple(
                structs.replace(e, occurred_at=e.occurred_at // unit * unit, received_at=e.received_at // unit * unit)
                for e in self.case.log.events
            )
            instants = tuple(sorted({at // unit * unit for at in self.case.instants}))
            if self.accept(log=structs.replace(self.case.log, events=events), instants=instants):
                return
