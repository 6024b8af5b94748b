"""The reference workload: events of an online shop over 30 days, in arrival order, the same for every benchmark.

Customers are active by a Zipf-like law; sessions of eight events repeat products; arrivals are up to 5 s disordered
and one in a hundred is up to ten minutes late.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

NAMES = ("page_view", "product_view", "add_to_cart", "checkout_started", "order_completed")
"""Event names by code. ``product_id`` is set on product views only (else −1), ``value`` on carts and orders (else 0)."""
COLUMNS = ("cust", "occurred_at", "received_at", "name", "product_id", "value")
BUILD = Path(__file__).resolve().parent.parent / "build" / "workload"
START_MS = 1_790_000_000_000
PRODUCTS = 20_000

Workload = dict[str, NDArray[np.generic]]


def events(n: int = 10_000_000, customers: int = 500_000, seed: int = 7) -> Workload:
    """Return the workload's columns as arrays of length ``n``, in arrival order; made once, then memory-mapped.

    cust int32, occurred_at and received_at int64 µs, name int8 (index of ``NAMES``), product_id int32, value float64.
    """
    folder = BUILD / f"{n}-{customers}-{seed}"
    if not (folder / "done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for column, values in _generate(n, customers, seed).items():
            np.save(folder / f"{column}.npy", values)
        (folder / "done").touch()
    return {column: np.load(folder / f"{column}.npy", mmap_mode="r") for column in COLUMNS}


def _generate(n: int, customers: int, seed: int) -> Workload:
    rng = np.random.default_rng(seed)
    weight = 1 / np.arange(1, customers + 1) ** 0.7
    share = np.cumsum(weight)
    share /= share[-1]
    sessions = n // 8 + 1
    session_rank = np.searchsorted(share, rng.random(sessions)).astype(np.int32)
    session_cust = rng.permutation(customers).astype(np.int32)[session_rank]
    session_ms = (rng.random(sessions) * 30 * 86_400 * 1_000).astype(np.int64)
    session = np.repeat(np.arange(sessions), 8)[:n]
    within = np.tile(np.arange(8), sessions)[:n]
    occurred_ms = START_MS + session_ms[session] + within * 45_000 + rng.integers(0, 60_000, n)
    draw = rng.random(n)
    name = np.select([draw < 0.35, draw < 0.80, draw < 0.92, draw < 0.97], [0, 1, 2, 3], 4).astype(np.int8)
    favourite = rng.integers(0, PRODUCTS, sessions).astype(np.int32)
    product = np.where(rng.random(n) < 0.4, favourite[session], rng.integers(0, PRODUCTS, n)).astype(np.int32)
    product[name != 1] = -1
    cart, order = rng.gamma(2, 20, n), rng.gamma(2, 35, n)
    value = np.where(name == 2, cart, np.where(name == 4, order, 0.0)).round(2)
    jitter = rng.integers(0, 5_000, n)
    late = np.where(rng.random(n) < 0.01, rng.integers(0, 600_000, n), 0)
    received_ms = occurred_ms + jitter + late
    arrival = np.argsort(received_ms, kind="stable")
    columns = (session_cust[session], occurred_ms * 1000, received_ms * 1000, name, product, value)
    return {column: values[arrival] for column, values in zip(COLUMNS, columns, strict=True)}


def parquet(n: int = 10_000_000, customers: int = 500_000, seed: int = 7) -> Path:
    """Return a Parquet file of the workload in the shape of the log: profile, name and typed property columns.

    ``event_key`` is the position scrambled by an odd factor, so that ties break by it as they do by real keys.
    """
    path = BUILD / f"{n}-{customers}-{seed}" / "events.parquet"
    if path.exists():
        return path
    data = events(n, customers, seed)
    names = pa.array(NAMES)
    writing = path.with_suffix(".writing")
    schema = pa.schema(
        [
            ("position", pa.int64()),
            ("event_key", pa.int64()),
            ("profile", pa.string()),
            ("name", pa.string()),
            ("occurred_at", pa.int64()),
            ("received_at", pa.int64()),
            ("p.product_id", pa.int32()),
            ("p.value", pa.float64()),
        ]
    )
    with pq.ParquetWriter(writing, schema, compression="zstd", compression_level=1) as writer:
        for start in range(0, n, 1_000_000):
            part = {column: values[start : start + 1_000_000] for column, values in data.items()}
            position = np.arange(start, start + len(part["cust"]), dtype=np.int64)
            product, name = part["product_id"], part["name"]
            batch = [
                pa.array(position),
                pa.array((position.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)).view(np.int64)),
                pa.array(part["cust"]).cast(pa.string()),
                names.take(pa.array(name)),
                pa.array(part["occurred_at"]),
                pa.array(part["received_at"]),
                pa.array(product, mask=product < 0),
                pa.array(part["value"], mask=(name != 2) & (name != 4)),
            ]
            writer.write_batch(pa.record_batch(batch, schema=schema))
    writing.rename(path)
    return path


if __name__ == "__main__":
    began = time.perf_counter()
    print(parquet(), f"{time.perf_counter() - began:.1f} s")
