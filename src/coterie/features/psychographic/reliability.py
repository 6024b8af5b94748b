"""How well the items of a scale measure one thing: Cronbach's alpha with its interval, and what each item does to it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from coterie.errors import Problem, not_installed
from coterie.features.table import Floats
from coterie.model import Undetermined

PEOPLE_MIN = 10
"""Complete answers from which a reliability is told."""
GOOD, FAIR = 0.8, 0.7


class ItemReliability(Struct, frozen=True, kw_only=True):
    """One item: its answers, how it goes with the rest of the scale, and the scale's alpha without it."""

    item: str
    answers: int
    mean: float | Undetermined
    deviation: float | Undetermined
    """Of the sample, n - 1."""
    rest: float | Undetermined
    """Correlation with the sum of the other items; below 0: it is probably not reversed as it should be."""
    without: float | Undetermined


class Reliability(Struct, frozen=True, kw_only=True):
    """One scale. ``people`` answered all of its items; alpha is theirs."""

    scale: str
    people: int
    answered: int
    """People who answered any item."""
    alpha: float | Undetermined
    low: float | Undetermined
    high: float | Undetermined
    level: float
    items: tuple[ItemReliability, ...]
    says: str


def reliability(scale: str, items: Sequence[str], answers: Floats, level: float = 0.95) -> Reliability:
    """Return the reliability of a scale from (n, k) answers as its scale counts them (reversed items turned round), NaN: no answer.

    ``alpha = k / (k - 1) · (1 - Σ variances of items / variance of the sum)`` of those who answered everything; the interval is
    Feldt's, exact where items are normal and equally related. Undetermined with fewer than 10 such people, fewer than 2 items, or
    when their sums do not differ.

    Source: Cronbach 1951, Psychometrika 16(3), equation 2; Feldt 1965, Psychometrika 30(3), equation 17.
    Raises: Problem when the extra ``learning`` is not installed.
    """
    if answers.ndim != 2 or answers.shape[1] != len(items):
        raise Problem(
            "answers and items do not belong together",
            where=scale,
            received=answers.shape,
            allowed=f"(people, {len(items)})",
        )
    given = np.isfinite(answers)
    whole = answers[given.all(axis=1)]
    alpha = _alpha(whole)
    low, high = _interval(alpha, len(whole), len(items), level)
    found = tuple(_item(items, place, answers[:, place], whole) for place in range(len(items)))
    return Reliability(
        scale=scale, people=len(whole), answered=int(given.any(axis=1).sum()), alpha=alpha, low=low, high=high, level=level,
        items=found, says=_says(scale, alpha, low, high, len(whole), found),
    )  # fmt: skip


def _alpha(whole: Floats) -> float | Undetermined:
    people, items = whole.shape
    if items < 2:
        return Undetermined("one item has no agreement with others")
    if people < PEOPLE_MIN:
        return Undetermined(f"{people} people answered every item, and it takes {PEOPLE_MIN}")
    total = float(np.var(whole.sum(axis=1), ddof=1))
    if total <= 1e-12:
        return Undetermined("everybody has the same sum")
    return items / (items - 1) * (1.0 - float(np.sum(np.var(whole, axis=0, ddof=1))) / total)


def _interval(
    alpha: float | Undetermined, people: int, items: int, level: float
) -> tuple[float | Undetermined, float | Undetermined]:
    if isinstance(alpha, Undetermined):
        return alpha, alpha
    try:
        from scipy.stats import f
    except ModuleNotFoundError as error:
        raise not_installed("the interval of a reliability", "learning") from error
    tail = (1.0 - level) / 2
    first, second = people - 1, (people - 1) * (items - 1)
    return tuple(1.0 - (1.0 - alpha) * float(f.ppf(share, first, second)) for share in (1.0 - tail, tail))  # type: ignore[return-value]


def _item(items: Sequence[str], place: int, answers: Floats, whole: Floats) -> ItemReliability:
    given = answers[np.isfinite(answers)]
    few = Undetermined("fewer than 2 answers")
    others = np.delete(whole, place, axis=1)
    return ItemReliability(
        item=items[place], answers=len(given),
        mean=float(np.mean(given)) if len(given) else Undetermined("nobody answered"),
        deviation=float(np.std(given, ddof=1)) if len(given) > 1 else few,
        rest=_correlation(whole[:, place], others.sum(axis=1)) if len(items) > 1 else Undetermined("there is no other item"),
        without=_alpha(others),
    )  # fmt: skip


def _correlation(one: Floats, other: Floats) -> float | Undetermined:
    if len(one) < PEOPLE_MIN:
        return Undetermined(f"{len(one)} people answered every item, and it takes {PEOPLE_MIN}")
    if np.std(one) <= 1e-12 or np.std(other) <= 1e-12:
        return Undetermined("everybody answered the same")
    return float(np.corrcoef(one, other)[0, 1])


def _says(
    scale: str,
    alpha: float | Undetermined,
    low: float | Undetermined,
    high: float | Undetermined,
    people: int,
    items: Sequence[ItemReliability],
) -> str:
    """Return the finding in words."""
    if isinstance(alpha, Undetermined) or isinstance(low, Undetermined) or isinstance(high, Undetermined):
        return f"{scale}: reliability undetermined: {alpha.reason if isinstance(alpha, Undetermined) else ''}"
    word = "good" if alpha >= GOOD else "acceptable" if alpha >= FAIR else "weak: do not tell people apart by it"
    told = [f"{scale}: alpha {alpha:.2f} ({low:.2f} to {high:.2f}), {people:,} people, {word}"]
    for one in items:
        if isinstance(one.rest, float) and one.rest < 0:
            told.append(f"{one.item} goes against the rest ({one.rest:.2f}): is it reversed as it should be?")
        elif isinstance(one.without, float) and one.without > alpha + 0.02:
            told.append(f"without {one.item} it would be {one.without:.2f}")
    return "; ".join(told)
