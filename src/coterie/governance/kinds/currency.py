"""Amounts of money in one currency, at the rate of the day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from coterie.errors import Problem
from coterie.governance.kinds.number import held, read
from coterie.governance.kinds.places import CurrencyCode
from coterie.governance.normal import Beside, Normal, Remembered, Texts, Unfit
from coterie.governance.rates import FACTORS_MAX, rates_of
from coterie.limits import DAY_US
from coterie.model import Value
from coterie.segments.conditions.form import Form
from coterie.segments.conditions.words import Doc, Duration, Name, whole
from coterie.segments.durations import us_of
from coterie.values import normal

_UNFIT = Unfit("not an amount", "a number")


class Currency(Form, frozen=True, kw_only=True):
    """The currency in which amounts are kept, and where the rates stand."""

    to: Annotated[CurrencyCode, Doc("The currency.")]
    rates: Annotated[
        Name,
        Doc(
            "CSV file of dated rates in `governance/`: columns `date`, `currency`, `rate`, or `Date` and one per currency."
        ),
    ]
    base: Annotated[
        CurrencyCode, Doc("The currency of which one unit buys `rate` of the others; EUR when not said, as the European Central Bank writes them.")
    ] = "EUR"  # fmt: skip
    from_: Annotated[CurrencyCode | None, Doc("Currency of amounts that come without one.")] = None
    from_in: Annotated[
        Name, Doc("Property beside it that names the currency, `currency` when not said; it is `to` afterwards.")
    ] = "currency"
    stale: Annotated[Duration, Doc("How old a rate may be (weekends, holidays); 7d when not said.")] = "7d"
    decimals: Annotated[
        int | None, whole(0, 9), Doc("Decimals that are kept; as many as the currency has when not said.")
    ] = None


def prepared(form: Currency, texts: Texts) -> Normal:
    """Return what the rule does: the rate is the newest on or before the day (UTC) of the event. Raises: Problem."""
    from babel.numbers import get_currency_precision

    rates = rates_of(texts(form.rates), form.rates, form.base)
    for wanted in (form.to, form.from_):
        if wanted is not None and wanted not in rates.currencies:
            allowed = f"one of {', '.join(rates.currencies)}"
            raise Problem(f"no rates of this currency in {form.rates}", received=wanted, allowed=allowed)
    decimals = get_currency_precision(form.to) if form.decimals is None else form.decimals
    stale = us_of(form.stale) // DAY_US

    def found(key: tuple[Value, int]) -> float | Unfit:
        told, day = key
        code = (told.strip().upper() if isinstance(told, str) else "") or form.from_
        if code is None:
            return Unfit("an amount without a currency", "a code of ISO 4217")
        factor = rates.factor(code, form.to, day, stale)
        return (
            Unfit("no rate for the currency and day", f"a rate at most {form.stale} old") if factor is None else factor
        )

    known: Mapping[tuple[Value, int], float | Unfit] = Remembered(found, FACTORS_MAX)

    def make(value: Value, beside: Beside, at: int) -> Value | Unfit:
        amount = read(value)
        if amount is None:
            return _UNFIT
        told = beside.get(form.from_in)
        factor = known[told if type(told) is str else None, at // DAY_US]
        if isinstance(factor, Unfit):
            return factor
        made = held(amount if factor == 1.0 else round(amount * factor, decimals))
        return _UNFIT if made is None else normal(made)

    return Normal(make, reads=(form.from_in,), is_dated=True, sets=((form.from_in, form.to),))
