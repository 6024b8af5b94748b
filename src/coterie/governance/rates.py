"""Dated rates of currencies, as a file says them."""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from datetime import date

from msgspec import Struct

from coterie.errors import InvalidDefinition, Problem

ABSENT = frozenset({"", "N/A", "n/a", "-"})
FACTORS_MAX = 100_000
"""Factors (currency, day) that are remembered."""
PROBLEMS_MAX = 20
_EPOCH = date(1970, 1, 1).toordinal()


class _Series(Struct, frozen=True):
    days: tuple[int, ...]
    rates: tuple[float, ...]

    def at(self, day: int, stale: int) -> float | None:
        place = bisect_right(self.days, day) - 1
        return self.rates[place] if place >= 0 and day - self.days[place] <= stale else None


class Rates:
    """What one unit of ``base`` bought, by currency and day (days since 1970)."""

    def __init__(self, base: str, series: Mapping[str, _Series]) -> None:
        self.base, self._series = base, dict(series)

    @property
    def currencies(self) -> tuple[str, ...]:
        """Return the currencies that have rates, the base among them."""
        return tuple(sorted({self.base, *self._series}))

    def factor(self, code: str, to: str, day: int, stale: int) -> float | None:
        """Return by what an amount of ``code`` is multiplied; ``None`` without a rate at most ``stale`` days old."""
        if code == to:
            return 1.0
        sold, bought = self._rate(code, day, stale), self._rate(to, day, stale)
        return None if sold is None or bought is None else bought / sold

    def _rate(self, code: str, day: int, stale: int) -> float | None:
        if code == self.base:
            return 1.0
        found = self._series.get(code)
        return None if found is None else found.at(day, stale)


def rates_of(text: str, file: str, base: str) -> Rates:
    """Return the rates of a CSV file: columns ``date``, ``currency``, ``rate``, or ``Date`` and one for each currency.

    Raises: InvalidDefinition with the first problems of the file.
    """
    problems: list[Problem] = []
    found: dict[str, dict[int, float]] = {}
    for day, code, rate in _read(text, file, problems):
        found.setdefault(code, {})[day] = rate
    if problems:
        raise InvalidDefinition(problems)
    ordered = {code: sorted(rates.items()) for code, rates in found.items()}
    return Rates(base, {code: _Series(*map(tuple, zip(*rows, strict=True))) for code, rows in ordered.items()})


def _read(text: str, file: str, problems: list[Problem]) -> Iterator[tuple[int, str, float]]:
    rows = csv.reader(text.splitlines())
    header = [name.strip() for name in next(rows, [])]
    lower = [name.lower() for name in header]
    is_long = {"date", "currency", "rate"} <= set(lower)
    if "date" not in lower or (not is_long and not any(len(name) == 3 and name.isupper() for name in header)):
        allowed = "the columns date, currency and rate, or Date and one named after each currency"
        problems.append(Problem("not a file of rates", where=file, received=header, allowed=allowed))
        return
    for number, row in enumerate(rows, 2):
        if not any(cell.strip() for cell in row):
            continue
        told = dict(zip(lower, row, strict=False)) if is_long else dict(zip(header, row, strict=False))
        pairs = [(told.get("currency", ""), told.get("rate", ""))] if is_long else list(told.items())
        try:
            day = date.fromisoformat(row[lower.index("date")].strip()).toordinal() - _EPOCH
            for code, rate in pairs:
                name, amount = code.strip(), rate.strip()
                if len(name) == 3 and name.isupper() and amount not in ABSENT:
                    yield day, name, _positive(amount)
        except (ValueError, IndexError):
            if len(problems) < PROBLEMS_MAX:
                where, allowed = f"{file}:{number}", "a date such as 2026-01-31 and rates above 0"
                problems.append(
                    Problem("not a line of rates", where=where, received=",".join(row)[:80], allowed=allowed)
                )


def _positive(text: str) -> float:
    rate = float(text)
    if not 0 < rate < float("inf"):
        raise ValueError(f"{text} is no rate")
    return rate
