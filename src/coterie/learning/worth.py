"""``purchases`` and ``CustomerValue``: how often people will buy, whether they still are customers, and what they will bring."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from coterie.engine.frames import log_from
from coterie.engine.history import History
from coterie.engine.project import Project
from coterie.learning.estimator import Estimator
from coterie.learning.frames import Given, given, numbers_in
from coterie.limits import DAY_US
from coterie.notebook import Instant, given_back, merges_in, us
from coterie.segments.batch import Purchases
from coterie.segments.core import Selector
from coterie.segments.durations import us_of
from coterie.segments.instants import unit_at
from coterie.value.forecast import Buyers, Forecast, Monetary, Name, foresee, score
from coterie.value.history import Floats, Histories


def purchases(
    events: Any, event: str, *, amount: str = "", order: str = "", at: Instant = None, time_zone: str = "UTC"
) -> Any:
    """Return (profile, repeats, recency, age, paid, spend) of everybody who had bought by ``at``, in days, as the kind of table that came.

    ``repeats``: days with a purchase after the first; ``recency``: from the first to the last; ``age``: from the first to ``at``;
    ``paid``: repeats whose amount is known, ``spend``: their mean amount. ``events`` is any table of events, or a project.
    """
    what = Purchases(selector=Selector((event,), "", ()), order=order, amount=amount, time_zone=time_zone)
    if isinstance(events, Project):
        moment = events.present() if at is None else us(at)
        history = History(events.events)
    else:
        log = log_from(events)
        moment = int(pc.max(log["received_at"]).as_py() or 0) if at is None else us(at)
        history = History.over(log, merges_in(log))
    with history:
        found = history.purchases(what, moment)
    first, paid = _floats(found, "first_day"), _floats(found, "paid")
    answer = pa.table(
        {
            "profile": found["profile"],
            "repeats": _floats(found, "purchases") - 1,
            "recency": _floats(found, "last_day") - first,
            "age": unit_at(moment, "day", time_zone) - first,
            "paid": paid,
            "spend": np.where(paid > 0, np.nan_to_num(_floats(found, "spent")) / np.maximum(paid, 1), 0.0),
        }
    )
    return answer if isinstance(events, Project) else given_back(answer, events)


class CustomerValue(Estimator):
    """BG/NBD, MBG/NBD or Pareto/NBD with Gamma–Gamma over tables as ``purchases`` returns them: repeats, recency, age (days), and
    for money spend (paid counts like repeats when it is not there).

    After ``fit``: ``parameters_``, ``errors_`` (standard errors, NaN where there are none), ``log_likelihood_``, ``money_``.
    """

    def __init__(
        self,
        model: Name = "bg_nbd",
        *,
        monetary: Monetary = "gamma_gamma",
        unit: str = "day",
        horizon: str = "365d",
        discount_yearly: float = 0.1,
    ) -> None:
        self.model, self.monetary, self.unit = model, monetary, unit
        self.horizon, self.discount_yearly = horizon, discount_yearly

    def fit(self, X: Any, y: Any = None) -> CustomerValue:  # noqa: N803
        """Return the estimator with the parameters of maximum likelihood. Raises: Problem with too few repeat buyers, or no amounts."""
        who = self._buyers(given(X))
        self.forecast_, found, _ = foresee(self.model, self.monetary, who)
        self.parameters_, money = self.forecast_.parameters, self.forecast_.money
        self.log_likelihood_: float = found.log_likelihood
        self.errors_: dict[str, float] = found.errors
        self.money_: dict[str, float] = {} if money is None else dict(money.parameters)
        return self

    def predict(self, X: Any) -> Any:  # noqa: N803
        """Return (profile,) expected_purchases, p_alive, clv of each row within the horizon; null where it cannot be said."""
        forecast: Forecast = self._fitted("forecast_")
        rows = given(X)
        found = score(
            forecast, self._buyers(rows), horizon_days=us_of(self.horizon) / DAY_US,
            discount_yearly=self.discount_yearly,
        )  # fmt: skip
        return rows.back({"expected_purchases": found.purchases, "p_alive": found.alive, "clv": found.value})

    def fit_predict(self, X: Any, y: Any = None) -> Any:  # noqa: N803
        """Return ``fit(X).predict(X)``."""
        return self.fit(X).predict(X)

    def _buyers(self, rows: Given) -> Buyers:
        unit = 7.0 if self.unit == "week" else 1.0
        repeats, names = numbers_in(rows, "repeats"), rows.table.names
        spend: Floats = numbers_in(rows, "spend") if "spend" in names else np.zeros(len(repeats))
        paid: Floats = numbers_in(rows, "paid") if "paid" in names else np.where(spend > 0, repeats, 0.0)
        histories = Histories(
            repeats=repeats, recency=numbers_in(rows, "recency") / unit, age=numbers_in(rows, "age") / unit
        )
        return Buyers(histories=histories, paid=paid, spend=spend, unit_days=unit)


def _floats(table: pa.Table, name: str) -> Floats:
    return np.asarray(table[name].cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)
