"""The lowered segments of a project in the order in which they can be evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

from msgspec import Struct

from coterie.errors import InvalidDefinition, Problem, nearest
from coterie.segments.core import Node, references
from coterie.segments.measures import Measures, referred


class Lowered(Struct, frozen=True):
    """One segment as the readers see it. ``node`` already contains its universe."""

    key: str
    version: int
    node: Node


class Catalog:
    """Lowered segments; iterating gives them so that a referenced segment comes before the one that refers to it.

    ``measures`` are the terms that each model measures of every profile, by the model's key; the live reader keeps what they need.
    """

    def __init__(self, segments: Mapping[str, Lowered], measures: Mapping[str, Measures] | None = None) -> None:
        self.measures = {key: tuple(terms) for key, terms in sorted((measures or {}).items())}
        asked = [(key, references(segment.node)) for key, segment in segments.items()]
        asked += [(key, referred(terms)) for key, terms in self.measures.items()]
        problems = [
            Problem(
                "refers to a segment that does not exist",
                where=key,
                received=ref,
                allowed=", ".join(sorted(segments)),
                hint=nearest(ref, segments),
            )
            for key, refs in asked
            for ref in sorted(refs - segments.keys())
        ]
        if problems:
            raise InvalidDefinition(problems)
        graph = {key: sorted(references(segments[key].node)) for key in sorted(segments)}
        try:
            order = list(TopologicalSorter(graph).static_order())
        except CycleError as error:
            cycle = " → ".join(reversed(error.args[1]))
            raise InvalidDefinition(
                [Problem("segments refer to each other in a circle", where=error.args[1][0], received=cycle)]
            ) from error
        self._segments = {key: segments[key] for key in order}

    @classmethod
    def of(cls, nodes: Mapping[str, Node], version: int = 1, measures: Mapping[str, Measures] | None = None) -> Catalog:
        """Return a catalog of bare nodes, as tests and notebooks use it."""
        return cls({key: Lowered(key, version, node) for key, node in nodes.items()}, measures)

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self._segments.values())

    def __len__(self) -> int:
        return len(self._segments)

    def __contains__(self, key: str) -> bool:
        return key in self._segments

    def __getitem__(self, key: str) -> Lowered:
        return self._segments[key]

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(self._segments)

    def measuring(self, measures: Mapping[str, Measures]) -> Catalog:
        """Return the same segments with these measures."""
        return Catalog(self._segments, measures)

    def closure(self, key: str) -> Catalog:
        """Return the catalog of ``key`` and every segment it needs, without measures."""
        needed: dict[str, Lowered] = {}

        def need(one: str) -> None:
            if one not in needed:
                needed[one] = self._segments[one]
                for ref in references(self._segments[one].node):
                    need(ref)

        need(key)
        return Catalog(needed)
