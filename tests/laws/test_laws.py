"""The laws on more than a thousand definitions; ``make laws-long`` tries twenty thousand more."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.laws.cases import random_case
from tests.laws.coverage import registered, used
from tests.laws.trial import reduced, reproduction, try_seed

SEEDS = range(60)
DEFINITIONS = 20


@pytest.mark.parametrize("seed", SEEDS)
def test_the_readers_agree_and_every_law_holds(seed: int) -> None:
    trial = try_seed(seed, DEFINITIONS, instants=20, each=2)
    if trial.failures:
        law, message, case = trial.failures[0]
        message, small = reduced(law, message, case, seconds=20)
        pytest.fail(reproduction(law, message, small), pytrace=False)


def test_the_seeds_use_every_word_of_the_core_language() -> None:
    words: Counter[str] = Counter()
    for seed in SEEDS:
        words += used(random_case(seed, DEFINITIONS).nodes.values())
    assert registered() - words.keys() == set()
