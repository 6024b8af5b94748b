"""Bounds of a rule: who passes them, what two of them on one feature say together, and how they read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from coterie.clusters.explanation.facts import Bound
from coterie.features.table import Column, FeatureTable

Mask = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


def passes(bound: Bound, column: Column) -> Mask:
    """Return who passes a bound, (n,)."""
    if column.kind == "category":
        missing = np.array([value is None for value in column.values], bool)
        among = np.isin(column.values.astype(str), bound.levels) & ~missing
        return np.where(missing, bound.missing, ~among if bound.negate else among).astype(bool)
    values = np.asarray(column.values, np.float64)
    with np.errstate(invalid="ignore"):
        inside = np.ones(len(values), bool)
        if bound.at_least is not None:
            inside &= values >= bound.at_least
        if bound.below is not None:
            inside &= values < bound.below
    return np.where(np.isnan(values), bound.missing, inside).astype(bool)


def picked(branches: Iterable[Sequence[Bound]], table: FeatureTable) -> Mask:
    """Return whom a rule picks: those who pass every bound of some branch."""
    found = np.zeros(len(table), bool)
    for branch in branches:
        inside = np.ones(len(table), bool)
        for bound in branch:
            inside &= passes(bound, table.column(bound.column))
        found |= inside
    return found


def joined(path: Iterable[Bound]) -> tuple[Bound, ...]:
    """Return the same conjunction with one bound per feature, in the order in which the features came."""
    found: dict[str, Bound] = {}
    for bound in path:
        found[bound.column] = _both(found[bound.column], bound) if bound.column in found else bound
    return tuple(found.values())


def _both(first: Bound, second: Bound) -> Bound:
    at_least = [one.at_least for one in (first, second) if one.at_least is not None]
    below = [one.below for one in (first, second) if one.below is not None]
    levels, negate = _levels(first, second)
    return Bound(
        column=first.column,
        at_least=max(at_least, default=None),
        below=min(below, default=None),
        levels=levels,
        negate=negate,
        missing=first.missing and second.missing,
    )


def _levels(first: Bound, second: Bound) -> tuple[tuple[str, ...], bool]:
    if first.negate and second.negate:
        return tuple(sorted({*first.levels, *second.levels})), True
    if first.negate or second.negate:
        among, without = (second, first) if first.negate else (first, second)
        return tuple(one for one in among.levels if one not in without.levels), False
    return tuple(one for one in first.levels if one in second.levels), False


def says_branches(branches: Sequence[Sequence[Bound]], table: FeatureTable) -> str:
    """Return a rule in words: ``recency below 42 days and orders at least 3; or revenue at least 2,000``."""
    told = [
        " and ".join(_says(bound, table.column(bound.column)) for bound in branch) or "everybody" for branch in branches
    ]
    return "; or ".join(told) or "nobody"


def _says(bound: Bound, column: Column) -> str:
    title = spoken(column.name)
    if column.kind == "category":
        levels = " or ".join(bound.levels) or "nothing"
        told = f"{title} {'is not' if bound.negate else 'is'} {levels}"
    else:
        told = f"{title} {_span(bound, column.unit)}"
    return f"({told}, or not known)" if bound.missing else told


def spoken(name: str) -> str:
    """Return a feature's name as words."""
    return name.replace("_", " ").strip()


def _span(bound: Bound, unit: str) -> str:
    after = f" {unit}" if unit else ""
    if bound.at_least is not None and bound.below is not None:
        return f"from {figure(bound.at_least)} to below {figure(bound.below)}{after}"
    if bound.at_least is not None:
        return f"at least {figure(bound.at_least)}{after}"
    return f"below {figure(bound.below)}{after}" if bound.below is not None else "of any value"


def figure(number: float) -> str:
    """Return a number as people read it: at most four significant digits after which nothing matters, thousands apart.

    >>> figure(2053.3), figure(0.03512), figure(3.0), figure(280206.02)
    ('2,053', '0.03512', '3', '280,206')
    """
    if abs(number) >= 1000:
        return f"{number:,.0f}"
    return f"{number:.4g}"
