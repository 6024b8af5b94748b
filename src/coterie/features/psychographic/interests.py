"""Interests: what somebody looks at more than others do, and where that puts them among everybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct

from coterie.errors import Problem
from coterie.features.psychographic.embedding import Axes, Terms, Used, axes_of, terms_of
from coterie.features.table import Column, FeatureTable, Floats


class Interests(Struct, frozen=True, kw_only=True):
    """Fitted interests: categories with their weights, and axes. It names no customer; ``parameters`` and ``of`` lose nothing."""

    terms: Terms
    axes: Axes
    least: int
    """Events with a known category that somebody needs; with fewer nothing is said."""

    def parameters(self) -> dict[str, Any]:
        """Return it as plain JSON data, for an artefact."""
        data: dict[str, Any] = msgspec.to_builtins(self)
        return data

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> Interests:
        """Return the interests that ``parameters`` told. Raises: Problem for data that are none."""
        try:
            return msgspec.convert(parameters, cls)
        except msgspec.ValidationError as error:
            raise Problem("no interests", where="interests", received=str(error)) from error

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of the columns of its tables."""
        return ("interest", "interest_strength", *(f"interest_{n}" for n in range(1, len(self.axes.names) + 1)))

    def table(self, people: Mapping[str, Used], at: int) -> FeatureTable:
        """Return the features of people (profile → category → count) as of ``at``.

        Columns: ``interest``: the category by which they differ most from others; ``interest_strength``: its weight, 0 to 1;
        ``interest_1`` …: where they stand on the axes. Missing for whoever looked at too little.
        """
        profiles = sorted(people)
        known = [people[one] if sum(people[one].values()) >= self.least else {} for one in profiles]
        weighed = self.terms.weigh(known)
        terms, strengths = weighed.strongest()
        names = [None if place < 0 else self.terms.terms[place] for place in terms.tolist()]
        placed = weighed.along(self.axes.array())
        columns = (
            Column(name="interest", kind="category", values=np.array(names, object), title="Strongest interest"),
            Column(name="interest_strength", values=strengths, title="Strength of that interest"),
            *axis_columns("interest", placed, self.axes.names),
        )
        return FeatureTable(profiles=np.array(profiles, object), columns=columns, at=at, feature_set="interests")


def axis_columns(word: str, placed: Floats, names: Sequence[str]) -> tuple[Column, ...]:
    """Return a column per axis: ``<word>_1`` …, titled by what lies in its direction."""
    return tuple(
        Column(name=f"{word}_{number}", values=placed[:, number - 1].copy(), title=name)
        for number, name in enumerate(names, 1)
    )


def fit_interests(people: Mapping[str, Used], *, people_min: int, dimensions: int, least: int) -> Interests:
    """Return the interests of people (profile → category → count). The same counts give the same bytes.

    Raises: Problem for fewer than two categories that ``people_min`` people looked at.
    """
    seen = [people[one] for one in sorted(people) if sum(people[one].values()) >= least]
    terms = terms_of(seen, people_min)
    return Interests(terms=terms, axes=axes_of(terms, terms.weigh(seen), dimensions), least=least)
