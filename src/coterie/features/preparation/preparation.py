"""A fitted preparation: plain data that turns features into the numbers that a model sees, row by row."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal

import msgspec
import numpy as np
from msgspec import Struct

from coterie.errors import Problem
from coterie.features.feature import Need
from coterie.features.preparation.curves import bend
from coterie.features.table import FeatureTable, Floats, Rows

BLOCK = 1 << 16
"""Rows that are prepared at a time."""


class NumberStep(Struct, frozen=True, kw_only=True):
    """What happens to a number: filled, bounded, bent, scaled, weighted, in this order."""

    column: str
    fill: float | None
    """``None``: a person without it belongs to nothing."""
    low: float | None = None
    high: float | None = None
    drop: bool = False
    """Whether the fit does not see people beyond the bounds; applied, they become the bound."""
    curve: Literal["none", "log1p", "yeo_johnson", "quantile"] = "none"
    power: float = 1.0
    nodes: tuple[float, ...] = ()
    marks: tuple[float, ...] = ()
    centre: float = 0.0
    spread: float = 1.0
    weight: float = 1.0
    marked: bool = False
    """Whether a second number says 1 where it was missing and 0 elsewhere, weighted."""


class CategoryStep(Struct, frozen=True, kw_only=True):
    """What a category becomes: one row of ``codes`` per level, then one for any other level, then one for missing."""

    column: str
    levels: tuple[str, ...]
    codes: tuple[tuple[float, ...], ...]
    names: tuple[str, ...]


class LeftOut(Struct, frozen=True):
    """A feature, or a number made of one, that the model does not see, and why."""

    name: str
    reason: str


class Rotation(Struct, frozen=True, kw_only=True):
    """Principal components: ``(z - centre) @ axes``, axes (d, p), with the share of the variance that each holds."""

    centre: tuple[float, ...]
    axes: tuple[tuple[float, ...], ...]
    shares: tuple[float, ...]


class Preparation(Struct, frozen=True, kw_only=True, dict=True):
    """How features become numbers, as it was fitted. Applied to one row or a million, a row gives the same bits.

    ``made`` are the numbers before the rotation; ``names`` those that the model sees. ``parameters`` and ``of`` are its way to plain
    JSON data and back, without loss.
    """

    numbers: tuple[NumberStep, ...]
    categories: tuple[CategoryStep, ...]
    made: tuple[str, ...]
    kept: tuple[int, ...]
    """Places among the numbers that the steps make, which pruning left."""
    rotation: Rotation | None = None
    left_out: tuple[LeftOut, ...] = ()
    remarks: tuple[str, ...] = ()
    people: int = 0

    # ── plain data ───────────────────────────────────────────────────────────────────────────────────────────

    def parameters(self) -> dict[str, Any]:
        """Return it as plain JSON data, for an artefact."""
        data: dict[str, Any] = msgspec.to_builtins(self)
        return data

    @classmethod
    def of(cls, parameters: Any) -> Preparation:
        """Return the preparation that ``parameters`` told. Raises: Problem for data that are none."""
        try:
            return msgspec.convert(parameters, cls)
        except msgspec.ValidationError as error:
            raise Problem("no preparation", where="preparation", received=str(error)) from error

    # ── what it reads and makes ──────────────────────────────────────────────────────────────────────────────

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the numbers that the model sees."""
        if self.rotation is not None:
            return tuple(f"component_{number}" for number in range(1, len(self.rotation.shares) + 1))
        return self.made

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the features that it reads."""
        return tuple(dict.fromkeys(one.column for one in self.needs()))

    def needs(self) -> tuple[Need, ...]:
        """Return what ``prepare`` takes of a person, in order: live asks for exactly this."""
        numbers = [Need(step.column) for step in self.numbers]
        return (*numbers, *(Need(step.column, level) for step in self.categories for level in (*step.levels, "")))

    # ── at work ──────────────────────────────────────────────────────────────────────────────────────────────

    def apply(self, table: FeatureTable) -> Floats:
        """Return the (n, d) float64 numbers of a table; a row of NaN is a person who belongs to nothing.

        Raises: NotFound for a feature that is not there, Problem for one of another kind. Cost: about 20 ns per number.
        """
        return self.prepare(self.read(table))

    def read(self, table: FeatureTable) -> Floats:
        """Return the (n, inputs) float64 matrix of ``needs`` from a table. Raises: NotFound, Problem."""
        found = np.empty((len(table), len(self.needs())))
        for place, one in enumerate(self.needs()):
            column = table.column(one.column)
            if (column.kind == "number") != (one.level is None):
                allowed = "a number" if one.level is None else "a category"
                raise Problem("a feature of another kind", where=column.name, received=column.kind, allowed=allowed)
            if one.level == "":
                found[:, place] = [value is None for value in column.values.tolist()]
            else:
                found[:, place] = column.values if one.level is None else column.values == one.level
        return found

    def prepare(self, inputs: Floats) -> Floats:
        """Return the (n, d) float64 numbers of people whose (n, inputs) ``needs`` are given. Works in blocks: memory is the answer's."""
        values = np.asarray(inputs, np.float64)
        if len(values) <= BLOCK:
            return self._block(values)
        found = np.empty((len(values), len(self.names)))
        for start in range(0, len(values), BLOCK):
            found[start : start + BLOCK] = self._block(values[start : start + BLOCK])
        return found

    def _block(self, values: Floats) -> Floats:
        blocks = [self._numbers.prepare(values[:, : len(self.numbers)])]
        start = len(self.numbers)
        for step, codes in zip(self.categories, self._codes, strict=True):
            end = start + len(step.levels) + 1
            blocks.append(_coded(codes, values[:, start:end]))
            start = end
        made = np.concatenate(blocks, axis=1)[:, list(self.kept)]
        return made if self.rotation is None else _rotated(*self._turn, made)

    def inside(self, table: FeatureTable) -> Rows:
        """Return (n,) of bool: who the fit of a model may see, neither dropped as extreme nor without what must be known."""
        values = self.read(table)
        rows = np.ones(len(table), np.bool_)
        for place, step in enumerate(self.numbers):
            column = values[:, place]
            missing = ~np.isfinite(column)
            if step.fill is None:
                rows &= ~missing
            if step.drop:
                low = -np.inf if step.low is None else step.low
                high = np.inf if step.high is None else step.high
                rows &= missing | ((column >= low) & (column <= high))
        return rows

    @cached_property
    def _numbers(self) -> _Numbers:
        return _Numbers(self.numbers)

    @cached_property
    def _codes(self) -> list[Floats]:
        """Per category (levels + 2, d)."""
        shapes = [(len(step.levels) + 2, len(step.names)) for step in self.categories]
        return [
            np.array(step.codes, np.float64).reshape(shape) for step, shape in zip(self.categories, shapes, strict=True)
        ]

    @cached_property
    def _turn(self) -> tuple[Floats, Floats]:
        """Centre (d,) and axes (d, p) of the rotation."""
        assert self.rotation is not None  # nobody turns without it
        centre = np.array(self.rotation.centre, np.float64)
        return centre, np.array(self.rotation.axes, np.float64).reshape(len(centre), len(self.rotation.shares))


class _Numbers:
    """The steps of numbers as arrays: one call of numpy for all columns wherever they need the same."""

    def __init__(self, steps: tuple[NumberStep, ...]) -> None:
        def told(values: list[float | None], otherwise: float) -> Floats:
            return np.array([otherwise if one is None else one for one in values], np.float64)

        self._fill = told([one.fill for one in steps], np.nan)
        self._low = told([one.low for one in steps], -np.inf)
        self._high = told([one.high for one in steps], np.inf)
        self._centre, self._spread = told([one.centre for one in steps], 0), told([one.spread for one in steps], 1)
        self._weight = told([one.weight for one in steps], 1)
        self._logs = [place for place, one in enumerate(steps) if one.curve == "log1p"]
        self._bent = [
            (place, one, np.array(one.nodes, np.float64), np.array(one.marks, np.float64))
            for place, one in enumerate(steps)
            if one.curve in ("yeo_johnson", "quantile")
        ]
        self._marked = [place for place, one in enumerate(steps) if one.marked]

    def prepare(self, values: Floats) -> Floats:
        """Return (n, columns + marks); columns of NaN rows stay NaN."""
        missing = ~np.isfinite(values)
        found = np.clip(np.where(missing, self._fill, values), self._low, self._high)
        if self._logs:
            found[:, self._logs] = np.log1p(np.maximum(found[:, self._logs], 0.0))
        for place, step, nodes, marks in self._bent:
            values = np.ascontiguousarray(found[:, place])
            found[:, place] = bend(step.curve, values, step.power, nodes, marks)
        found = (found - self._centre) / self._spread * self._weight
        if not self._marked:
            return found
        return np.concatenate([found, missing[:, self._marked] * self._weight[self._marked]], axis=1)


def _coded(codes: Floats, inputs: Floats) -> Floats:
    """Return (n, d) of a category: sums in the order of the levels, of which one is not 0."""
    found = np.zeros((len(inputs), codes.shape[1]))
    missing = inputs[:, -1:]
    rest = 1.0 - missing
    for place in range(len(codes) - 2):
        found += inputs[:, place : place + 1] * codes[place]
        rest = rest - inputs[:, place : place + 1]
    found += rest * codes[-2]
    found += missing * codes[-1]
    return found


def _rotated(centre: Floats, axes: Floats, made: Floats) -> Floats:
    """Return (n, p), summed feature by feature: the same for a row however many rows there are."""
    found = np.zeros((len(made), axes.shape[1]))
    for place in range(len(centre)):
        found += (made[:, place : place + 1] - centre[place]) * axes[place]
    return found
