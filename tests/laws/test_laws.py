"""The laws on more than a thousand definitions; ``make laws-long`` tries twenty thousand more."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.laws.coverage import registered
from tests.laws.language import examples_hold, words_are_plain
from tests.laws.trial import case_of, reduced, reproduction, try_seed

SEEDS = range(60)
DEFINITIONS = 20


@pytest.mark.parametrize("seed", SEEDS)
def test_the_readers_agree_and_every_law_holds(seed: int) -> None:
    trial = try_seed(seed, DEFINITIONS, instants=20, each=2)
    if trial.failures:
        law, message, case = trial.failures[0]
        message, small = reduced(law, message, case, seconds=20)
        pytest.fail(reproduction(law, message, small), pytrace=False)


def test_the_seeds_use_every_word_of_the_core_language_and_every_condition() -> None:
    words: Counter[str] = Counter()
    for seed in SEEDS:
        words += case_of(seed, DEFINITIONS, 2)[1]
    assert registered() - words.keys() == set()


def test_every_example_of_every_condition_comes_out_as_it_says() -> None:
    assert examples_hold() is None


@pytest.mark.parametrize("seed", range(1_000, 1_060))
def test_conditions_mean_what_their_words_say(seed: int) -> None:
    assert words_are_plain(seed) is None
