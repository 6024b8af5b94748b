"""Tries laws on the product of one folder: ``python -m tests.laws.suspect LAW,LAW SEEDS FOLDER``. Status 1 on a difference."""

from __future__ import annotations

import sys
from pathlib import Path

import coterie
from tests.laws.cases import random_case
from tests.laws.laws import LAWS
from tests.laws.trial import attempt


def main(laws: str, seeds: str, folder: str) -> int:
    assert Path(coterie.__file__).resolve().is_relative_to(Path(folder).resolve()), coterie.__file__
    for seed in range(int(seeds)):
        case = random_case(seed, definitions=20, instants=20)
        for law in laws.split(","):
            said = attempt(LAWS[law], case)
            if said is not None:
                print(f"{law}, seed {seed}: {said}")
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
