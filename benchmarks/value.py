"""Lifetime value of a million customers: fitted and scored here, and only fitted by ``lifetimes``, side by side on the same people.

BG/NBD and Gamma–Gamma. Customers are drawn from the two models, their days whole as in a shop. ``lifetimes`` is archived and needs
libraries of its time, so it lives in an environment of its own that is made on the first run (or pass --lifetimes PYTHON). Both run
with the same number of threads, one after the other in turns, each in a process of its own; the median counts.
``ratio_to_lifetimes`` = our fit and scores, divided by its fit alone. ``same_optimum``: our log-likelihood is not below that of its
parameters, and every parameter of BG/NBD lies within 2 % of its.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from statistics import median

import numpy as np

PINS = ("lifetimes==0.11.3", "numpy==1.23.5", "pandas==1.5.3", "scipy==1.10.1", "autograd==1.5")
TRUE = {"r": 0.2426, "alpha": 31.0, "a": 0.7930, "b": 2.4261}
"""Of CDNOW, in days."""
MONEY = {"p": 6.25, "q": 3.74, "v": 15.44}
THEIRS = """
import json, sys, time
import numpy as np, pandas as pd
from lifetimes import BetaGeoFitter, GammaGammaFitter
told = np.load(sys.argv[1])
x, recency, age, spend = (pd.Series(told[name]) for name in ("repeats", "recency", "age", "spend"))
begin, cpu = time.perf_counter(), time.process_time()
counting = BetaGeoFitter(penalizer_coef=0.0)
counting.fit(x, recency, age)
middle = time.perf_counter()
some = (x > 0) & (spend > 0)
money = GammaGammaFitter(penalizer_coef=0.0)
money.fit(x[some], spend[some])
print(json.dumps({"seconds": time.perf_counter() - begin, "counting_s": middle - begin, "cpu": time.process_time() - cpu,
                  "parameters": {**counting.params_.to_dict(), **money.params_.to_dict()}}))
"""


def customers(count: int, seed: int) -> dict[str, np.ndarray]:
    """Return purchases of people who stop by chance after each: repeats, recency and age in whole days, mean spend in cents."""
    rng = np.random.default_rng(seed)
    age = rng.integers(180, 366, count).astype(float)
    rate = rng.gamma(TRUE["r"], 1 / TRUE["alpha"], count)
    stop = rng.beta(TRUE["a"], TRUE["b"], count)
    repeats, recency = np.zeros(count), np.zeros(count)
    now, running = np.zeros(count), np.arange(count)
    while running.size:
        now[running] += rng.exponential(1 / np.maximum(rate[running], 1e-12))
        running = running[now[running] <= age[running]]
        repeats[running] += 1
        recency[running] = now[running]
        running = running[rng.random(running.size) >= stop[running]]
    recency = np.minimum(np.ceil(recency), age)
    nu = rng.gamma(MONEY["q"], 1 / MONEY["v"], count)
    total = rng.gamma(MONEY["p"] * np.maximum(repeats, 1), 1 / nu)
    spend = np.where(repeats > 0, np.maximum(np.round(total / np.maximum(repeats, 1), 2), 0.01), 0.0)
    return {"repeats": repeats, "recency": recency, "age": age, "spend": spend}


def ours(file: str) -> dict[str, object]:
    """Return how long it takes to fit both models and to score everybody: expected purchases, still alive, value of a year."""
    from coterie.value import bg_nbd  # loaded before the clock starts, as theirs is
    from coterie.value.forecast import Buyers, Forecast, fit_counting, fit_money, score
    from coterie.value.history import Histories

    told = np.load(file)
    begin, cpu = time.perf_counter(), time.process_time()
    histories = Histories(repeats=told["repeats"], recency=told["recency"], age=told["age"])
    who = Buyers(histories=histories, paid=told["repeats"], spend=told["spend"])
    parameters, counting = fit_counting("bg_nbd", histories)
    money, _ = fit_money("gamma_gamma", who)
    fitted = time.perf_counter()
    forecast = Forecast(model="bg_nbd", unit_days=1.0, parameters=parameters, money=money)
    scores = score(forecast, who, horizon_days=365, discount_yearly=0.1)
    seconds = time.perf_counter() - begin
    assert np.isfinite(scores.value).all()
    assert money is not None
    errors = {name: round(error, 6) for name, error in counting.errors.items()}
    return {
        "seconds": seconds, "fit_s": fitted - begin, "cpu": time.process_time() - cpu, "evaluations": counting.evaluations,
        "parameters": {**parameters, **money.parameters}, "errors": errors, "log_likelihood": counting.log_likelihood,
        "room": Path(bg_nbd.__file__).parent.name,
    }  # fmt: skip


def likelihood_of(parameters: dict[str, float], told: dict[str, np.ndarray]) -> float:
    from coterie.value.bg_nbd import likelihood
    from coterie.value.history import Levels, collapse

    counted = collapse(told["repeats"], told["recency"], told["age"])
    x, recency, age = counted.columns
    point = np.array([parameters[name] for name in ("r", "alpha", "a", "b")])
    values, _ = likelihood(point, Levels.of(x), recency, age)
    return float(counted.counts @ values)


def environment(folder: Path) -> str:
    """Return the Python of an environment with ``lifetimes`` and the libraries of its time; made when it is not there."""
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "-q", "install", *PINS], check=True, stdout=subprocess.DEVNULL)
        (folder / "ready").touch()
    return str(python)


def run(command: list[str], threads: int) -> dict[str, object]:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, **dict.fromkeys(names, str(threads))}
    )
    answer: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--lifetimes", help="a Python that has lifetimes 0.11.3 (default: an environment made for it)")
    parser.add_argument("--ours", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.ours:
        print(json.dumps(ours(asked.ours)))
        return
    python = asked.lifetimes or environment(Path(tempfile.gettempdir()) / "coterie-benchmark-lifetimes")
    with tempfile.TemporaryDirectory() as folder:
        file, script = str(Path(folder) / "people.npz"), Path(folder) / "theirs.py"
        told = customers(asked.customers, asked.seed)
        np.savez(file, **told)
        script.write_text(THEIRS)
        mine, their = [], []
        for _ in range(asked.rounds):
            mine.append(run([sys.executable, __file__, "--ours", file], asked.threads))
            their.append(run([python, str(script), file], asked.threads))
    print(json.dumps(compared(asked.customers, told, mine, their)))


def compared(
    count: int, told: dict[str, np.ndarray], mine: list[dict[str, object]], their: list[dict[str, object]]
) -> dict[str, object]:
    def middle(runs: list[dict[str, object]], name: str) -> float:
        return float(median(float(one[name]) for one in runs))  # type: ignore[arg-type]

    ours_at: dict[str, float] = mine[0]["parameters"]  # type: ignore[assignment]
    theirs_at: dict[str, float] = their[0]["parameters"]  # type: ignore[assignment]
    at_theirs, at_ours = likelihood_of(theirs_at, told), likelihood_of(ours_at, told)
    near = all(abs(ours_at[name] / theirs_at[name] - 1) < 0.02 for name in ("r", "alpha", "a", "b"))
    return {
        "benchmark": "value",
        "customers": count,
        "seconds": round(middle(mine, "seconds"), 3),
        "fit_s": round(middle(mine, "fit_s"), 3),
        "cpu_s": round(middle(mine, "cpu"), 3),
        "lifetimes_s": round(middle(their, "seconds"), 3),
        "lifetimes_bg_nbd_s": round(middle(their, "counting_s"), 3),
        "lifetimes_cpu_s": round(middle(their, "cpu"), 3),
        "ratio_to_lifetimes": round(middle(mine, "seconds") / middle(their, "seconds"), 3),
        "ratio_to_lifetimes_bg_nbd": round(middle(mine, "seconds") / middle(their, "counting_s"), 3),
        "same_optimum": bool(at_ours >= at_theirs - 0.01 and near),
        "log_likelihood": round(at_ours, 3),
        "log_likelihood_at_theirs": round(at_theirs, 3),
        "parameters": {name: round(value, 4) for name, value in ours_at.items()},
        "lifetimes_parameters": {name: round(value, 4) for name, value in theirs_at.items()},
    }


if __name__ == "__main__":
    main()
