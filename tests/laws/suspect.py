"""Tries laws on the product of one folder: ``python -m tests.laws.suspect LAW,LAW FROM TO FOLDER``. Status 1 on a difference.

Laws of cases are tried on the seeds FROM ≤ seed < TO.
"""

from __future__ import annotations

import sys
from pathlib import Path

import coterie
from tests.laws.cases import random_case
from tests.laws.language import examples_hold, words_are_plain
from tests.laws.laws import LAWS
from tests.laws.trial import attempt


def main(laws: str, first: str, last: str, folder: str) -> int:
    assert Path(coterie.__file__).resolve().is_relative_to(Path(folder).resolve()), coterie.__file__
    names = laws.split(",")
    if "examples_hold" in names:
        names.remove("examples_hold")
        if said := examples_hold():
            print(f"examples_hold: {said}")
            return 1
    for seed in range(int(first), int(last)):
        case = random_case(seed, definitions=20, instants=20)
        for law in names:
            said = attempt(LAWS[law], case) if law in LAWS else words_are_plain(seed)
            if said is not None:
                print(f"{law}, seed {seed}: {said}")
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
