"""One writer at a time: a server, or a command."""

from __future__ import annotations

from pathlib import Path

import pytest

from coterie.clock import ManualClock
from coterie.engine.apply import apply, put_by_hand
from coterie.engine.holding import lock_of, writing
from coterie.engine.project import Project
from coterie.engine.replay import replay
from coterie.errors import Held
from coterie.segments.catalog import Catalog
from tests.engine.running.served import START, Served, make, served, track


def test_commands_do_not_write_while_a_server_runs(tmp_path: Path) -> None:
    root = make(tmp_path / "p")
    with served(root):
        project = Project(root, ManualClock(START))
        with pytest.raises(Held, match="apply: the project is held by a server"):
            apply(project, START)
        with pytest.raises(Held, match="stop it first"):
            put_by_hand(project, "twice", "ada", "in")
        with pytest.raises(Held):
            replay(project, Catalog.of({}), until=START)
    assert lock_of(Project(root)).holder() == ""


def test_a_server_does_not_start_while_a_command_writes(tmp_path: Path) -> None:
    root = make(tmp_path / "p")
    with writing(Project(root), "ingest"), pytest.raises(Held, match="coterie ingest"):
        Served(root, ManualClock(START)).runner.start()


def test_what_a_crashed_server_left_is_landed_before_a_command_writes(tmp_path: Path) -> None:
    root, clock = make(tmp_path / "p"), ManualClock(START)
    one = Served(root, clock).start()
    one.send(track("view", "ada", 1), track("view", "ada", 2))
    one.crash()
    project = Project(root, clock)
    assert project.events.length() == 0
    with writing(project, "apply"):
        assert project.events.length() == 2
        assert project.changes.length() == 2
