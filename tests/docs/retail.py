"""The table of the worked example: the real one where it lies beside this checkout, else a small shop in the same columns."""

from __future__ import annotations

import csv
import gzip
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from tests.conftest import data_folder

HEAD = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
FIRST = datetime(2010, 12, 1, 8)
DAYS = 373
COUNTRIES = ("United Kingdom", "United Kingdom", "United Kingdom", "France", "Germany")


def retail(folder: Path) -> Path:
    """Return the file of the table. The small shop is the same each time."""
    real = data_folder() / "online_retail" / "online_retail.csv.gz"
    if real.is_file():
        return real
    path = folder / "online_retail.csv.gz"
    rows = sorted(_lines(np.random.default_rng(7)), key=lambda row: (row[4], row[0]))
    with gzip.open(path, "wt", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEAD)
        writer.writerows((f"{number}", *rest) for number, *rest in rows)
    return path


def _lines(rng: np.random.Generator) -> list[tuple[object, ...]]:
    """Return lines of invoices: customers who differ in how often they buy, how much, and until when; some take things back."""
    found: list[tuple[object, ...]] = []
    invoice = 536_365
    for customer in range(900):
        rate, basket = rng.gamma(0.8, 0.02) + 0.002, rng.lognormal(2.5, 0.9)
        begins, ends = rng.uniform(0, DAYS * 0.8), rng.exponential(400)
        day = begins
        while day < min(DAYS - 1, begins + ends):
            at = FIRST + timedelta(days=int(day), minutes=int(rng.integers(0, 600)))
            invoice += 1
            for _ in range(1 + int(rng.integers(0, 4))):
                quantity = 1 + int(rng.poisson(basket / 4))
                number = f"C{invoice}" if rng.random() < 0.02 else str(invoice)
                sold = -quantity if number.startswith("C") else quantity
                price = round(float(rng.uniform(0.5, 9)), 2)
                country = COUNTRIES[customer % len(COUNTRIES)]
                found.append((number, f"P{int(rng.integers(0, 400))}", "A THING", sold, f"{at:%Y-%m-%d %H:%M:%S}", price,
                              17_000 + customer if rng.random() > 0.01 else "", country))  # fmt: skip
            day += rng.exponential(1 / rate)
    return found
