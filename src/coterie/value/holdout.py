"""Whether a forecast holds: what was foreseen from the first part of a history against what happened in the rest."""

from __future__ import annotations

from typing import Any

import numpy as np
from msgspec import Struct

from coterie.value.history import Floats

REPEATS_MOST = 7
"""People with so many repeat purchases or more are one group."""
TENTHS = 10


class Group(Struct, frozen=True, kw_only=True):
    """People who belong together: mean purchases foreseen and made, and the standard error of what was made (None for one person)."""

    group: str
    people: int
    predicted: float
    actual: float
    error: float | None


class HeldOut(Struct, frozen=True, kw_only=True):
    """The comparison over ``days``. ``naive_rmse`` is that of going on at one's own pace so far: what a model should beat.

    ``ratio``: purchases foreseen of everybody per purchase made; None when none was made. ``money_ratio`` the same of money.
    """

    days: float
    people: int
    predicted: float
    actual: float
    ratio: float | None
    mae: float
    rmse: float
    naive_rmse: float
    correlation: float | None
    money_predicted: float | None
    money_actual: float | None
    money_ratio: float | None
    by_repeats: tuple[Group, ...]
    by_tenth: tuple[Group, ...]


def compared(
    predicted: Floats,
    actual: Floats,
    naive: Floats,
    repeats: Floats,
    *,
    days: float,
    money: tuple[Floats, Floats] | None = None,
) -> HeldOut:
    """Return how ``predicted`` purchases (n,) compare with ``actual`` ones. Raises: ValueError for nobody.

    ``money``: what was foreseen to be spent and what was. Groups by repeat purchases of the first part, and by tenths of what was
    foreseen, are what a calibration plot draws: the mean foreseen should lie near the mean made.
    """
    if not len(predicted):
        raise ValueError("a comparison needs people")
    foreseen, spent = (None, None) if money is None else (float(np.nansum(money[0])), float(money[1].sum()))
    varies = predicted.std() > 0 and actual.std() > 0
    return HeldOut(
        days=days,
        people=len(predicted),
        predicted=float(predicted.sum()),
        actual=float(actual.sum()),
        ratio=float(predicted.sum() / actual.sum()) if actual.sum() > 0 else None,
        mae=float(np.abs(predicted - actual).mean()),
        rmse=float(np.sqrt(((predicted - actual) ** 2).mean())),
        naive_rmse=float(np.sqrt(((naive - actual) ** 2).mean())),
        correlation=float(np.corrcoef(predicted, actual)[0, 1]) if varies else None,
        money_predicted=foreseen,
        money_actual=spent,
        money_ratio=foreseen / spent if foreseen is not None and spent else None,
        by_repeats=_by_repeats(predicted, actual, repeats),
        by_tenth=_by_tenth(predicted, actual),
    )


def own_pace(repeats: Floats, age: Floats, time: float) -> Floats:
    """Return the purchases within ``time`` of everybody who goes on as so far, (n,)."""
    return repeats / np.maximum(age, 1.0) * time


def words(held: HeldOut) -> list[str]:
    """Return what a person should be warned of; nothing when the forecast holds."""
    said: list[str] = []
    if held.ratio is not None and not 0.8 <= held.ratio <= 1.25:
        said.append(
            f"on the last {held.days:.0f} days it foresaw {held.predicted:,.0f} purchases where {held.actual:,.0f} were made"
        )
    if held.money_ratio is not None and not 0.8 <= held.money_ratio <= 1.25:
        said.append(f"on the same days it foresaw {held.money_ratio:.0%} of the money that was spent")
    if held.rmse > held.naive_rmse:
        said.append("going on at one's own pace foresees single people better than this model does")
    return said


def plain(held: HeldOut) -> dict[str, Any]:
    """Return it as plain data, what cannot be said as such."""
    from msgspec import to_builtins

    reasons = {
        "ratio": "nobody bought in the time held out", "correlation": "everybody was foreseen or did the same",
        "money_ratio": "no amounts are known", "money_predicted": "no amounts are known", "money_actual": "no amounts are known",
    }  # fmt: skip
    data: dict[str, Any] = to_builtins(held)
    return {key: {"undetermined": reasons[key]} if value is None and key in reasons else value for key, value in data.items()}  # fmt: skip


def _by_repeats(predicted: Floats, actual: Floats, repeats: Floats) -> tuple[Group, ...]:
    level = np.minimum(repeats, REPEATS_MOST).astype(int)
    names = [str(number) if number < REPEATS_MOST else f"{REPEATS_MOST}+" for number in range(REPEATS_MOST + 1)]
    return tuple(_group(names[one], predicted[level == one], actual[level == one]) for one in np.unique(level))


def _by_tenth(predicted: Floats, actual: Floats) -> tuple[Group, ...]:
    order = np.argsort(predicted, kind="stable")
    parts = [part for part in np.array_split(order, TENTHS) if len(part)]
    return tuple(_group(str(number), predicted[part], actual[part]) for number, part in enumerate(parts, 1))


def _group(name: str, predicted: Floats, actual: Floats) -> Group:
    people = len(actual)
    error = float(actual.std(ddof=1) / np.sqrt(people)) if people > 1 else None
    return Group(group=name, people=people, predicted=float(predicted.mean()), actual=float(actual.mean()), error=error)
