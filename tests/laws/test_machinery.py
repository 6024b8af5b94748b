"""The laws' own tools: cases are the same for ever, lively enough to tell readers apart, and failures become small."""

from __future__ import annotations

from typing import Any

import pytest

from coterie.segments import core
from coterie.segments.catalog import Catalog
from tests.laws.cases import Case, parts, random_case
from tests.laws.faults import Fault, Gone, plant
from tests.laws.laws import difference
from tests.laws.logs import restamped, without_duplicates
from tests.laws.readers import by_oracle
from tests.laws.reduction import Reducer
from tests.laws.trial import reproduction


def test_a_seed_is_the_same_case_every_time() -> None:
    assert random_case(5) == random_case(5)


def test_logs_have_ties_duplicates_disorder_lateness_and_merges() -> None:
    logs = [random_case(seed, 1, 4).log for seed in range(40)]
    events = [event for log in logs for event in log.events]
    assert any(
        one.received_at == two.received_at for log in logs for one, two in zip(log.events, log.events[1:], strict=False)
    )
    assert any(len(without_duplicates(log.events)) < len(log.events) for log in logs)
    assert any(
        one.occurred_at > two.occurred_at for log in logs for one, two in zip(log.events, log.events[1:], strict=False)
    )
    assert {"$identify", "$set", "$merge"} <= {event.name for event in events}
    assert all(event.occurred_at <= event.received_at for event in events)


def test_most_definitions_are_true_of_somebody_and_false_of_somebody() -> None:
    lively = total = 0
    for seed in range(12):
        case = random_case(seed)
        catalog = Catalog.of(case.nodes)
        members = by_oracle(case.log, catalog, case.instants)
        for key in catalog.keys:
            total += 1
            lively += len({members[key, at] for at in case.instants}) > 1
    assert lively / total > 0.6


def test_another_order_of_arrival_keeps_what_happened_and_the_order_of_merges() -> None:
    cases = (random_case(seed, 1, 4) for seed in range(100))
    case = next(one for one in cases if sum(event.name == "$merge" for event in one.log.events) >= 3)
    other = restamped(case.rng(), case.log)
    assert sorted((e.id, e.occurred_at) for e in other.events) == sorted((e.id, e.occurred_at) for e in case.log.events)
    merges = [[event.id for event in log.events if event.name == "$merge"] for log in (case.log, other)]
    assert merges[0] == merges[1]
    assert all(event.occurred_at <= event.received_at for event in other.events)


def test_a_failing_case_becomes_small() -> None:
    def fails(case: Case) -> bool:
        has_step = any(isinstance(part, core.Step) for part in parts(list(case.nodes.values())))
        return has_step and any(event.name == "$identify" for event in case.log.events)

    case = random_case(1)
    assert fails(case)
    small = Reducer(fails, case).reduced()
    assert [event.name for event in small.log.events] == ["$identify"]
    assert list(small.nodes.values()) == [core.Sequence((core.Step(core.Selector()),))]
    assert small.instants == ()


def test_a_reproduction_is_a_file_that_rebuilds_the_case() -> None:
    case = random_case(2, definitions=3)
    space: dict[str, Any] = {"__name__": "reproduction"}
    exec(reproduction("live_is_oracle", 'said "so"\nat length', case), space)
    assert space["case"] == case


def test_a_difference_names_segment_instant_and_both_answers() -> None:
    said = difference("one/other", {("s1", 7): frozenset({"ann"})}, {("s1", 7): frozenset()})
    assert said == "one/other: s1 at 7: expected ['ann'], found []"


def test_a_fault_whose_text_is_gone_fails_loudly(tmp_path: Any) -> None:
    with pytest.raises(Gone, match="holds 0 times"):
        plant(Fault("nothing", "model.py", "no such text", "", ()), tmp_path)
