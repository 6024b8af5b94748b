"""People and the terms they used (categories, words) as points: TF-IDF, and few axes by singular value decomposition.

At work it adds term by term in a fixed order: a person has the same bits alone and among a million.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from msgspec import Struct

from coterie.errors import Problem, not_installed
from coterie.features.table import Floats, Places

Used: TypeAlias = Mapping[str, float]
"""Term → how often one person used it."""
TERMS_MAX = 2_000
"""Terms that count, the most widespread first: their products are a matrix of 32 MB."""


class Terms(Struct, frozen=True, kw_only=True):
    """Terms in order, and what each weighs: ``ln((1 + people) / (1 + people with it)) + 1``.

    Source: Salton & Buckley 1988, Information Processing & Management 24(5), table 1, smoothed as scikit-learn does.
    """

    terms: tuple[str, ...]
    weights: tuple[float, ...]

    def weigh(self, people: Sequence[Used]) -> Weighed:
        """Return the TF-IDF weights of people: ``(1 + ln n) · idf``, of length 1 for everybody who used any term."""
        place = {term: number for number, term in enumerate(self.terms)}
        found = [
            (row, column, count)
            for row, used in enumerate(people)
            for column, count in sorted(
                (place[term], count) for term, count in used.items() if term in place and count > 0
            )
        ]
        rows = np.array([one[0] for one in found], np.int64)
        columns = np.array([one[1] for one in found], np.int64)
        counts = np.array([one[2] for one in found], np.float64)
        values = (1.0 + np.log(counts)) * np.array(self.weights, np.float64)[columns]
        length = np.sqrt(np.bincount(rows, weights=values * values, minlength=len(people)))
        return Weighed(len(people), rows, columns, values / length[rows] if len(rows) else values)


class Weighed(Struct, frozen=True):
    """A sparse (people, terms) matrix: entries in the order of people, then terms."""

    people: int
    rows: Places
    columns: Places
    values: Floats

    def along(self, axes: Floats) -> Floats:
        """Return (people, d): the products with ``axes`` (terms, d), added in the order of terms; NaN for who used no term."""
        found = np.empty((self.people, axes.shape[1]))
        for number in range(axes.shape[1]):
            steps = self.values * axes[self.columns, number]
            found[:, number] = np.bincount(self.rows, weights=steps, minlength=self.people)
        found[np.bincount(self.rows, minlength=self.people) == 0] = np.nan
        return found

    def strongest(self) -> tuple[Places, Floats]:
        """Return per person the term with the largest weight (the first of equals) and that weight; -1 and NaN without any."""
        terms, weights = np.full(self.people, -1, np.int64), np.full(self.people, np.nan)
        order = np.lexsort((self.columns, -self.values, self.rows))
        rows, first = np.unique(self.rows[order], return_index=True)
        terms[rows], weights[rows] = self.columns[order][first], self.values[order][first]
        return terms, weights


class Axes(Struct, frozen=True, kw_only=True):
    """Directions that hold most of what tells people apart: ``loadings`` (terms, d), and a name of each by its foremost terms."""

    loadings: tuple[tuple[float, ...], ...]
    names: tuple[str, ...]
    shares: tuple[float, ...]
    """Of the squared weights of everybody; together how much the axes keep."""

    def array(self) -> Floats:
        """Return (terms, d) of float64."""
        return np.array(self.loadings, np.float64).reshape(len(self.loadings), len(self.names))


def terms_of(people: Sequence[Used], people_min: int, share_max: float = 1.0) -> Terms:
    """Return the terms that at least ``people_min`` people used and at most that share of them. Raises: Problem for fewer than 2."""
    spread = Counter(term for used in people for term, count in used.items() if count > 0)
    ranked = sorted(spread.items(), key=lambda one: (-one[1], one[0]))
    chosen = [one for one in ranked if people_min <= one[1] <= share_max * len(people)][:TERMS_MAX]
    if len(chosen) < 2:
        raise Problem("too few terms that people have in common", received=len(chosen), allowed="2 or more",
                      hint=f"{len(people):,} people used {len(spread):,} terms; a term counts from {people_min} people on")  # fmt: skip
    chosen.sort()
    weights = tuple(float(np.log((1 + len(people)) / (1 + count)) + 1) for _, count in chosen)
    return Terms(terms=tuple(str(term) for term, _ in chosen), weights=weights)


def axes_of(terms: Terms, weighed: Weighed, dimensions: int) -> Axes:
    """Return the first axes of the singular value decomposition, from the products of terms; the largest loading is positive.

    Source: Deerwester et al. 1990, J. American Society for Information Science 41(6), equation 1. Cost: O(terms³).
    """
    matrix = sparse(weighed, len(terms.terms))
    strengths, loadings = np.linalg.eigh((matrix.T @ matrix).toarray())
    strengths, loadings = np.maximum(strengths[::-1], 0.0), loadings[:, ::-1]
    count = min(dimensions, int(np.count_nonzero(strengths > 1e-9 * strengths[0])))
    loadings = loadings[:, :count]
    loadings = loadings * np.where(loadings[np.argmax(np.abs(loadings), axis=0), range(count)] < 0, -1.0, 1.0)
    return Axes(
        loadings=tuple(tuple(row) for row in loadings.tolist()),
        names=unlike(foremost(terms.terms, loadings[:, number]) for number in range(count)),
        shares=tuple((strengths[:count] / strengths.sum()).tolist()),
    )


def sparse(weighed: Weighed, terms: int) -> Any:
    """Return the weights as a sparse matrix of scipy. Raises: Problem when it is not installed."""
    try:
        from scipy.sparse import csr_matrix
    except ModuleNotFoundError as error:
        raise not_installed("an embedding", "learning") from error
    return csr_matrix((weighed.values, (weighed.rows, weighed.columns)), shape=(weighed.people, terms))


def foremost(terms: Sequence[str], loadings: Floats, count: int = 3) -> str:
    """Return the terms with the largest loadings as one name."""
    order = np.argsort(-loadings, kind="stable")[:count]
    return ", ".join(terms[place] for place in order.tolist() if loadings[place] > 0)


def unlike(names: Iterable[str]) -> tuple[str, ...]:
    """Return names of which no two are the same: a number follows those that were there before."""
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(found)
