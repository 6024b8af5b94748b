"""The CDNOW customers of the papers: 2,357 people, weeks, 39 of them for calibration."""

from __future__ import annotations

import csv
import gzip
from functools import cache
from pathlib import Path

import numpy as np

from coterie.value.history import Floats, Histories


@cache
def columns(file: Path) -> dict[str, Floats]:
    """Return the columns of a CSV file as numbers."""
    with gzip.open(file, "rt") as lines:
        rows = list(csv.DictReader(lines))
    return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}


def summary(data: Path) -> Histories:
    """Return their histories with two digits of a week, as in Fader, Hardie and Lee."""
    told = columns(data / "cdnow" / "cdnow_customers_summary.csv.gz")
    return Histories(repeats=told["frequency"], recency=told["recency"], age=told["T"])


def with_spend(data: Path) -> Histories:
    """Return the same people with the mean value of their repeat purchases."""
    told = columns(data / "cdnow" / "cdnow_customers_summary_with_transactions.csv.gz")
    return Histories(repeats=told["x"], recency=told["t_x"], age=told["T"], spend=told["zbar"])


def one(repeats: float, recency: float, age: float) -> Histories:
    return Histories(repeats=np.array([repeats]), recency=np.array([recency]), age=np.array([age]))
