"""Where things come from and where they go: source → event → property or trait → features → model → segment → trigger → destination."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias, get_args

from msgspec import Struct

Kind: TypeAlias = Literal[
    "source", "event", "property", "trait", "identifier", "features", "model", "segment", "trigger", "destination"
]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""Kinds of things in the order in which data flows; traits that a model publishes come from it."""
READERS: frozenset[Kind] = frozenset({"features", "model", "segment", "trigger", "destination"})
"""Kinds of things that read others."""


class Node(Struct, frozen=True, order=True):
    """A thing by its kind and name; a property is named ``event.property``."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"


class Lineage:
    """A graph of things. Every edge leads the way that data flows."""

    def __init__(self, edges: Iterable[tuple[Node, Node]] = ()) -> None:
        self._below: dict[Node, set[Node]] = {}
        self._above: dict[Node, set[Node]] = {}
        for source, target in edges:
            self.add(source, target)

    def add(self, source: Node, target: Node) -> None:
        """``target`` is made of ``source``, or reads it."""
        if source != target:
            self._below.setdefault(source, set()).add(target)
            self._above.setdefault(target, set()).add(source)

    def below(self, node: Node) -> tuple[Node, ...]:
        """Return what reads ``node`` directly."""
        return _sorted(self._below.get(node, ()))

    def above(self, node: Node) -> tuple[Node, ...]:
        """Return what ``node`` is made of, or reads, directly."""
        return _sorted(self._above.get(node, ()))

    def reached(self, node: Node) -> tuple[Node, ...]:
        """Return everything that would feel it if ``node`` went away, in the order in which data flows."""
        return _closure(node, self._below)

    def origins(self, node: Node) -> tuple[Node, ...]:
        """Return everything that ``node`` comes from, in the order in which data flows."""
        return _closure(node, self._above)

    def nodes(self) -> tuple[Node, ...]:
        """Return everything that has an edge."""
        return _sorted({*self._below, *self._above})

    def edges(self) -> Iterator[tuple[Node, Node]]:
        """Yield every edge in order."""
        for source in _sorted(self._below):
            for target in self.below(source):
                yield source, target


def _closure(node: Node, edges: dict[Node, set[Node]]) -> tuple[Node, ...]:
    found: set[Node] = set()
    left = [node]
    while left:
        for one in edges.get(left.pop(), ()):
            if one not in found:
                found.add(one)
                left.append(one)
    return _sorted(found - {node})


def _sorted(nodes: Iterable[Node]) -> tuple[Node, ...]:
    return tuple(sorted(nodes, key=lambda one: (KINDS.index(one.kind), one.name)))
