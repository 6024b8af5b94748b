"""Killed under load with a live model: nothing lost or doubled, and every record of the model true of what the log holds before it."""

from __future__ import annotations

import random
from pathlib import Path

from coterie.engine import definitions
from coterie.engine.learning.models import models_of
from coterie.engine.project import Project
from tests.engine.learning.clusters import artefact, check_records, events_of, hold
from tests.faults.load import Writer, under_load
from tests.faults.test_kill import RUNNER, drain
from tests.faults.truth import check_changes, check_log
from tests.servers import wait_until
from tests.serving import Serving

KILLS = 5
FILES = {
    "segments/lookers.yaml": "key: lookers\nwhen: {cluster: {model: habits, is: lookers}}\n",
    "segments/near.yaml": "key: near\nwhen: {cluster: {model: habits, distance: {at_most: 0.9}}}\n",
    "segments/lately.yaml": "key: lately\nwhen: {did: {event: order, within: 3s}}\n",
}


def _killed(server: Serving, writers: list[Writer], more: int) -> None:
    """The server is killed under load when so many more events were acknowledged."""

    def acknowledged() -> int:
        return sum(len(one.acknowledged) for one in writers)

    def kill() -> None:
        wait_until(lambda: acknowledged() >= before + more, what=f"{more} events to be acknowledged")
        server.kill()

    before = acknowledged()
    under_load(server.url, writers, kill)


def test_killed_under_load_every_record_of_a_live_model_is_true(tmp_path: Path) -> None:
    folder, dice = tmp_path / "shop", random.Random(51)
    server = Serving(folder, settings={"runner": RUNNER}, files=FILES)
    hold(folder, artefact(live={"every": "2s", "tolerance": 0.05}))
    server.start()
    writers = [Writer(number, server.keys["write"]) for number in range(2)]
    for number in range(KILLS):
        if number:
            server.start(ready=dice.random() < 0.7)
        _killed(server, writers, dice.randrange(50, 400))
    server.start()
    drain(server)
    server.stop()
    acknowledged = set().union(*(one.acknowledged for one in writers))
    assert len(acknowledged) >= 50 * KILLS
    check_log(folder, acknowledged)
    changes = check_changes(folder)
    assert {row["segment"] for row in changes} >= {"lookers", "near"}
    project = Project(folder)
    events = events_of(project.events.batches(100_000))
    records = check_records(project, events, catalog=definitions.catalog(project))
    assert records > 200
    assert models_of(project).published_version("clusters", "habits") == 1
