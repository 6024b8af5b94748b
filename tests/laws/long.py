"""The long run of the laws: ``python -m tests.laws.long [--definitions N] [--seconds S] [--seed S] [--processes P]``.

Prints a running count, then how often every word of the core language was used, then one line of JSON. Ends with status 1 on a
difference (its minimal reproduction is written to the folder ``--into``) or when a registered word was never used.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from itertools import count
from multiprocessing import get_context
from pathlib import Path

from tests.laws.coverage import registered
from tests.laws.trial import Trial, reduced, reproduction, try_seed


def trials(options: argparse.Namespace) -> Iterator[Trial]:
    """Yield finished seeds until enough definitions were tried or the time is up."""
    started, done, seeds = time.monotonic(), 0, count(options.seed)
    with ProcessPoolExecutor(options.processes, mp_context=get_context("spawn")) as pool:
        pending = {
            pool.submit(try_seed, next(seeds), options.size, 24, options.each) for _ in range(2 * options.processes)
        }
        while pending:
            finished, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in finished:
                trial = future.result()
                done += trial.definitions
                yield trial
                going = done < options.definitions and (
                    not options.seconds or time.monotonic() - started < options.seconds
                )
                if going:
                    pending.add(pool.submit(try_seed, next(seeds), options.size, 24, options.each))


def report(trial: Trial, folder: Path) -> None:
    """Print the first difference of a seed, made small, and write its reproduction."""
    law, message, case = trial.failures[0]
    print(f"seed {trial.seed}: {law} differs: {message}", flush=True)
    message, case = reduced(law, message, case)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{law}_{trial.seed}.py"
    path.write_text(reproduction(law, message, case))
    print(f"  made small: {message}\n  reproduction: {path}\n{path.read_text()}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--definitions", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=0.0, help="stop after so long (0: never)")
    parser.add_argument("--seed", type=int, default=1_000_000)
    parser.add_argument("--size", type=int, default=20, help="definitions per log")
    parser.add_argument("--each", type=int, default=2, help="laws tried per log besides the three readers'")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--differences", type=int, default=5, help="stop after so many")
    parser.add_argument("--into", type=Path, default=Path("build/laws"))
    options = parser.parse_args()
    started, printed = time.monotonic(), 0.0
    used: Counter[str] = Counter()
    definitions = differences = 0
    for trial in trials(options):
        definitions += trial.definitions
        used += trial.used
        if trial.failures:
            differences += 1
            report(trial, options.into)
            if differences >= options.differences:
                break
        if time.monotonic() - printed > 5:
            printed = time.monotonic()
            print(
                f"{definitions:7,} definitions, {definitions / (printed - started):6.1f}/s, {differences} differences",
                flush=True,
            )
    for word in sorted(registered()):
        print(f"{used[word]:9,}  {word}")
    unused = sorted(registered() - used.keys())
    if unused:
        print(f"never used: {', '.join(unused)}")
    seconds = round(time.monotonic() - started, 1)
    print(json.dumps({"definitions": definitions, "differences": differences, "seconds": seconds}))
    return 1 if differences or unused else 0


if __name__ == "__main__":
    sys.exit(main())
