"""A fitted clustering as an artefact keeps it: how features are prepared, the rule, and what each cluster is called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct

from coterie.clusters.assignment import assign
from coterie.clusters.labels import Floats, Ints, Rule
from coterie.errors import Problem
from coterie.features.preparation import Preparation
from coterie.features.table import FeatureTable


class Group(Struct, frozen=True, kw_only=True):
    """One cluster: ``key`` is its name for ever, ``title`` its name for people, ``size`` how many were in it at the fit."""

    key: str
    title: str = ""
    size: int = 0


class FittedClusters(Struct, frozen=True, kw_only=True):
    """Everything that is needed to say where somebody belongs. ``groups`` are in the order of the rule's clusters."""

    preparation: Preparation
    rule: Rule
    groups: tuple[Group, ...]

    def __post_init__(self) -> None:
        if len(self.groups) != self.rule.k:
            raise Problem("as many names as there are clusters", received=len(self.groups), allowed=str(self.rule.k))
        if len({group.key for group in self.groups}) < len(self.groups):
            raise Problem("two clusters have one key", received=sorted(group.key for group in self.groups))

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the key of every cluster, in the order of the rule."""
        return tuple(group.key for group in self.groups)

    def assign_inputs(self, inputs: Floats) -> tuple[Ints, Floats]:
        """Return (cluster (n,), −1 for none; distance (n,)) of people whose (n, needs) inputs of the preparation are given.

        A row alone gives the same bits as among a million. The distance of somebody who cannot be placed is infinite.
        """
        return assign(self.preparation.prepare(inputs), self.rule)

    def assign_table(self, table: FeatureTable) -> tuple[Ints, Floats]:
        """As ``assign_inputs``, of a table of features. Raises: NotFound, Problem."""
        return self.assign_inputs(self.preparation.read(table))

    def parameters(self) -> dict[str, Any]:
        """Return it as plain data for an artefact: ``preparation``, ``rule`` and ``clusters``."""
        return {
            "preparation": self.preparation.parameters(),
            "rule": self.rule.parameters(),
            "clusters": [msgspec.to_builtins(group) for group in self.groups],
        }

    @classmethod
    def read(cls, parameters: Mapping[str, Any]) -> FittedClusters:
        """Return what an artefact's parameters tell. Raises: Problem for data that are none."""
        try:
            found = cls(
                preparation=Preparation.of(parameters["preparation"]),
                rule=Rule.read(parameters["rule"]),
                groups=msgspec.convert(parameters["clusters"], tuple[Group, ...]),
            )
            found.preparation.prepare(np.full((1, len(found.preparation.needs())), np.nan))  # its parts fit one another
            return found
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, msgspec.ValidationError) as error:
            raise Problem("these are no clusters", where="parameters", received=str(error)) from error
