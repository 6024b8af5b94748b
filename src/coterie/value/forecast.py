"""A fitted model of value, whole: how often, whether still, for how much; as plain data in an artefact, and applied to people."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from msgspec import Struct, convert, structs, to_builtins

from coterie.errors import Problem, not_installed
from coterie.value.history import Floats, Histories, Ints, collapse
from coterie.value.lifetime import Counting, discounted, schedule

if TYPE_CHECKING:
    from coterie.value.fitting import Fit

Name: TypeAlias = Literal["bg_nbd", "mbg_nbd", "pareto_nbd"]
Monetary: TypeAlias = Literal["gamma_gamma", "mean", "none"]
REPEATERS_MIN = 20
"""With fewer people who bought more than once nothing is fitted: four parameters would be read from noise."""
EVIDENCE = 5.991
"""Twice the gain in log-likelihood over a model in which nobody stops that shows that people stop: the 95 % point of chi-square with
two degrees of freedom, one for each parameter of stopping."""
UNIT_DAYS: Mapping[str, float] = {"day": 1.0, "week": 7.0}


class Buyers(Struct, frozen=True, kw_only=True):
    """People who have bought, one entry each; times in ``unit_days`` days.

    ``paid`` (n,): repeat purchases whose amount is known; ``spend`` (n,): their mean amount, 0 without any.
    """

    histories: Histories
    paid: Floats
    spend: Floats
    unit_days: float = 1.0

    def __len__(self) -> int:
        return len(self.histories)


class Money(Struct, frozen=True, kw_only=True):
    """What one purchase is worth: Gamma–Gamma with its parameters, or the plain mean of everybody's repeat purchases."""

    monetary: Monetary
    parameters: dict[str, float] = {}
    mean: float = 0.0

    def worth(self, who: Buyers) -> Floats:
        """Return the amount to be expected of each one's next purchase, (n,); NaN where it cannot be said."""
        if self.monetary == "gamma_gamma":
            model = _room("gamma_gamma").GammaGamma(**self.parameters)
            expected: Floats = model.expected(who.paid, np.maximum(who.spend, 0.0))
            return expected
        return np.where(who.paid > 0, who.spend, self.mean)


class Forecast(Struct, frozen=True, kw_only=True):
    """A model of purchases and one of money. ``people_stop``: whether the data say that anybody stops being a customer; where they do
    not, nobody's chance of being one still is told."""

    model: Name
    unit_days: float
    parameters: dict[str, float]
    money: Money | None = None
    people_stop: bool = True

    def counting(self) -> Counting:
        """Return the model of purchases, ready to be asked. Raises: Problem when its parameters are none of it."""
        kind = {"bg_nbd": "BgNbd", "mbg_nbd": "MbgNbd", "pareto_nbd": "ParetoNbd"}[self.model]
        try:
            counting: Counting = getattr(_room(self.model), kind)(**self.parameters)
        except TypeError as error:
            raise Problem("these are not the parameters of the model", where=self.model, received=str(error)) from error
        return counting

    def told(self) -> dict[str, Any]:
        """Return it as plain data."""
        plain: dict[str, Any] = to_builtins(self)
        return plain

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> Forecast:
        """Return the forecast that ``told`` wrote."""
        return convert(dict(plain), cls)


class Scores(Struct, frozen=True, kw_only=True):
    """What is foreseen of each, all (n,); NaN where it cannot be said."""

    purchases: Floats
    alive: Floats
    worth: Floats
    value: Floats


def fit_counting(model: Name, who: Histories) -> tuple[dict[str, float], Fit]:
    """Return the parameters of maximum likelihood. Raises: Problem with fewer than ``REPEATERS_MIN`` repeat buyers."""
    repeated = int((who.repeats > 0).sum())
    if repeated < REPEATERS_MIN:
        raise Problem(
            "too few people bought more than once to learn a rhythm from", where=model, received=repeated,
            allowed=f"at least {REPEATERS_MIN}", hint="wait for more purchases, or pick other events as purchases",
        )  # fmt: skip
    fitted, found = _room(model).fit(who)
    return structs.asdict(fitted), found


def fit_never_stopping(who: Histories) -> Fit:
    """Return the fit of a model in which nobody stops: see ``nbd``. Raises: Problem when its libraries are not installed."""
    found: Fit = _room("nbd").fit(who)
    return found


def fit_money(monetary: Monetary, who: Buyers) -> tuple[Money | None, Fit | None]:
    """Return the model of what a purchase is worth, with its fit where it has one. Raises: Problem when nobody paid."""
    if monetary == "none":
        return None, None
    paid = who.paid > 0
    if not (paid & (who.spend > 0)).any():
        raise Problem(
            "no repeat purchase has an amount above 0", where="amount",
            hint="name the property that holds the money, or write monetary: none",
        )  # fmt: skip
    if monetary == "mean":
        return Money(monetary=monetary, mean=float((who.paid * who.spend)[paid].sum() / who.paid.sum())), None
    fitted, found = _room("gamma_gamma").fit(who.paid, who.spend)
    return Money(monetary=monetary, parameters=structs.asdict(fitted), mean=fitted.mean()), found


def foresee(model: Name, monetary: Monetary, who: Buyers) -> tuple[Forecast, Fit, Fit | None]:
    """Return the whole model fitted on people who have bought, and the fits of its two parts. Raises: Problem as those do."""
    parameters, counting = fit_counting(model, who.histories)
    gain = counting.log_likelihood - fit_never_stopping(who.histories).log_likelihood
    money, found = fit_money(monetary, who)
    forecast = Forecast(
        model=model, unit_days=who.unit_days, parameters=parameters, money=money, people_stop=2 * gain > EVIDENCE
    )
    return forecast, counting, found


def score(forecast: Forecast, who: Buyers, *, horizon_days: float, discount_yearly: float) -> Scores:
    """Return what is foreseen of everybody within the horizon.

    People with one history are computed once. A model that cannot tell whether somebody is still a customer says NaN: under BG/NBD
    nobody stops before a second purchase. Cost: one evaluation of the model per 30 days of the horizon and distinct history.
    """
    counting, unit = forecast.counting(), forecast.unit_days
    counted = collapse(who.histories.repeats, who.histories.recency, who.histories.age)
    repeats, recency, age = counted.columns
    distinct = Histories(repeats=repeats, recency=recency, age=age)
    alive = counting.alive(distinct) if forecast.people_stop else np.full(len(distinct), np.nan)
    if forecast.model == "bg_nbd":
        alive = np.where(repeats > 0, alive, np.nan)
    purchases = counting.purchases(distinct, horizon_days / unit)
    ends, factors = schedule(horizon_days, discount_yearly)
    each = discounted(counting, distinct, [end / unit for end in ends], factors)
    worth = np.full(len(who), np.nan) if forecast.money is None else forecast.money.worth(who)
    place: Ints = counted.inverse
    return Scores(purchases=purchases[place], alive=alive[place], worth=worth, value=each[place] * worth)


def _room(model: str) -> ModuleType:
    """Return the module of a model; none is loaded before it is asked for. Raises: Problem when its libraries are not installed."""
    try:
        return import_module(f"coterie.value.{model}")
    except ModuleNotFoundError as error:
        raise not_installed("a model of value", "learning") from error
