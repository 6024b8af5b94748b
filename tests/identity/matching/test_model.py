"""Matches of synthetic people whose truth is known."""

from __future__ import annotations

import pytest

from coterie.errors import InvalidDefinition, LimitExceeded
from coterie.identity.matching.fields import Matching, Person, matching_of, normal_text, people_table
from coterie.identity.matching.model import propose
from coterie.identity.matching.proposal import Proposal
from tests.identity.matching.strangers import crowd

pytest.importorskip("splink", reason="the extra 'matching' is not installed")
PEOPLE, TRUTH = crowd(7, people=1_500, twice=400)


@pytest.fixture(scope="module")
def proposals() -> list[Proposal]:
    return propose(PEOPLE, Matching())


def test_nearly_all_matches_are_found_and_nearly_nothing_else(proposals: list[Proposal]) -> None:
    found = {frozenset((one.survivor, one.loser)) for one in proposals}
    assert len(found & TRUTH) / len(found) >= 0.97, "precision"
    assert len(found & TRUTH) / len(TRUTH) >= 0.85, "recall"


def test_steps_add_up_to_the_weight_and_the_weight_says_the_probability(proposals: list[Proposal]) -> None:
    for one in proposals:
        assert sum(step.weight for step in one.steps) == pytest.approx(one.weight, abs=1e-6)
        assert 1 / (1 + 2**-one.weight) == pytest.approx(one.probability, abs=1e-9)
        assert one.steps[0].field == "start"
        assert one.steps[0].weight < 0
    weights = [one.weight for one in proposals]
    assert weights == sorted(weights, reverse=True)


def test_agreement_speaks_for_a_match_and_difference_against_it(proposals: list[Proposal]) -> None:
    steps = [step for one in proposals for step in one.steps]
    assert all(step.weight > 0 for step in steps if step.finding == "the same")
    assert all(step.weight == 0 for step in steps if step.finding == "missing on one side")
    assert all(step.weight < 0 for step in steps if step.finding == "different")
    assert {step.field for step in steps} == {
        "start", "email", "phone", "first_name", "last_name", "birthday", "postcode", "city",
    }  # fmt: skip


def test_the_explanation_reads_like_a_waterfall(proposals: list[Proposal]) -> None:
    text = proposals[0].text()
    assert text.startswith(f"{proposals[0].survivor} and {proposals[0].loser}: 100.00% the same person")
    assert "two people at random" in text
    assert "the same" in text
    assert "odds of" in text.splitlines()[-1]


def test_the_identified_profile_survives(proposals: list[Proposal]) -> None:
    assert {one.survivor[0] for one in proposals if ":" in one.loser} == {"p"}


def test_the_same_people_give_the_same_proposals(proposals: list[Proposal]) -> None:
    assert propose(reversed(PEOPLE), Matching()) == proposals


def test_pairs_kept_apart_are_not_proposed(proposals: list[Proposal]) -> None:
    first = {proposals[0].survivor, proposals[0].loser}
    rest = propose(PEOPLE, Matching(), lambda one, other: {one, other} == first)
    assert rest == proposals[1:]


def test_too_few_people_or_traits_give_nothing() -> None:
    assert propose([], Matching()) == []
    assert propose([Person("a", {"plan": "pro"}), Person("b", {"plan": "pro"})], Matching()) == []
    with pytest.raises(LimitExceeded):
        propose(PEOPLE, Matching(people_max=10))


def test_values_are_written_alike() -> None:
    table = people_table(
        [Person("a", {"firstName": " Zoë ", "phone": "+47 12-34"}), Person("b", {"city": "Oslo"})], Matching().fields
    )
    assert table.num_rows == 1
    assert (table["first_name"][0].as_py(), table["phone"][0].as_py()) == ("zoe", "4712 34".replace(" ", ""))
    assert normal_text("not a day", "date") == ""
    assert normal_text("nobody", "email") == ""


def test_settings_are_checked() -> None:
    assert matching_of({"propose_above": 0.5}).propose_above == 0.5
    for wrong in ({"propse_above": 1}, {"block_on": [["shoe_size"]]}, {"fields": [{"field": "x"}]}):
        with pytest.raises(InvalidDefinition):
            matching_of(wrong)
