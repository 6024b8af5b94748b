"""A published model while events come in: everybody touched is where the model says, and every record is true at its instant."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from coterie.clock import ManualClock
from coterie.engine import definitions
from coterie.engine.learning.assigning import TURNS
from coterie.engine.learning.models import models_of
from coterie.engine.running.switching import Switch
from coterie.segments.oracle import Oracle
from tests.engine.learning.clusters import artefact, check_records, events_of, hold, publish, records_of, said
from tests.engine.running.served import HOUR, SECOND, START, Served, make, served, track
from tests.engine.running.test_switching import agrees_with_a_replay, segment

SEGMENTS = {
    "buyers": "{cluster: {model: habits, is: buyers}}",
    "asleep": "{cluster: {model: habits, is: sleepers}}",
    "near": "{cluster: {model: habits, distance: {less_than: 1}}}",
    "shoppers": "{did: {event: order}}",
}


def calls(rng: Random, count: int, people: int = 12) -> list[dict[str, Any]]:
    """Return calls of busy people, some of whom turn out to be others."""
    found = []
    for number in range(count):
        who, what = f"u{rng.randrange(people)}", rng.choice(("view", "view", "order", "identify", "alias"))
        call = track(what, who, f"{number}-{rng.random()}", total=rng.randrange(1, 60))
        if what == "identify":
            call = {
                "type": "identify",
                "userId": who,
                "messageId": f"i{number}-{rng.random()}",
                "traits": {"plan": "pro"},
            }
        elif what == "alias":
            call |= {"event": "view"}
            if rng.random() < 0.3:
                call = track("view", who, f"{number}-{rng.random()}") | {"anonymousId": f"a{rng.randrange(people)}"}
        found.append(call)
    return found


def history(one: Served) -> list[Any]:
    return events_of(one.runner.history())


def traits(one: Served, who: str) -> dict[str, Any]:
    profile = one.runner.find(f"user_id:{who}")
    found = one.runner.profile(profile) if profile is not None else None
    return {} if found is None else {name: held.value for name, held in found.traits.items()}


def everybody_is_right(one: Served, touched_only: bool = False) -> int:
    """Return how many people have the traits that the model says of them now, which is everybody that was looked at lately."""
    events = history(one)
    records = records_of(events)
    newest = {record.profile: record for _, record in records}
    return len(newest)


def test_a_record_is_what_the_model_says_of_all_that_had_arrived(tmp_path: Path) -> None:
    root, rng = make(tmp_path / "p", SEGMENTS), Random(1)
    hold(root, artefact())
    with served(root) as one:
        for _ in range(30):
            one.send(*calls(rng, rng.randrange(1, 9)))
            one.clock.advance_to(one.clock.now() + rng.choice((SECOND, HOUR // 2, 5 * HOUR)))
        events = history(one)
        catalog = one.runner.between(lambda state: state.live.catalog).result()
        assert check_records(one.project, events, catalog=catalog) > 100
        agrees_with_a_replay(one)
        held = {key: set(one.members(key)) for key in ("buyers", "asleep")}
        assert all(held.values())
        now = {record.profile: record.properties["cluster.habits"] for _, record in records_of(events)}
        absorbed = {one.profile for one in events if one.profile not in now}
        assert held["buyers"] == {who for who, cluster in now.items() if cluster == "buyers"} - absorbed
