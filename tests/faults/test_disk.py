"""A full disk: nothing is acknowledged that is not kept, nothing that was acknowledged is lost, and all goes on when there is room."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from coterie.clock import ManualClock
from coterie.errors import Transient
from tests.engine.running.served import START, Served, make, served, track
from tests.faults.truth import check_changes, check_log

BODY = b'{"batch":[{"type":"track","event":"view","userId":"u%d","messageId":"m%d","properties":{"text":"%s"}}]}'


def test_commits_wait_for_room_and_the_journal_takes_events_meanwhile(tmp_path: Path) -> None:
    root = make(tmp_path / "p")
    with served(root) as one:
        one.send(track("view", "ada", 1))
        writer = one.runner.database.writer
        pages = writer.execute("PRAGMA page_count").fetchone()[0]
        full = writer.execute(f"PRAGMA max_page_count={pages}").fetchone()[0]
        assert full == pages
        for n in range(60):
            one.journal.append_now("batch", "t", BODY % (n, n, os.urandom(2_000).hex().encode()))
        position = one.journal.append_now("batch", "t", BODY % (0, 999, b""))
        one.until(lambda: "full" in one.runner.status().note)
        assert one.runner.status().ready
        assert one.members("twice") == []
        assert any("trying again" in text for text in one.runner.status().warnings)
        writer.execute("PRAGMA max_page_count=1073741823")
        assert one.runner.wait(position, 30)
        assert one.members("twice") == ["u0"]
        assert one.runner.status().note == ""
    assert check_log(root, {f"m{n}" for n in range(60)} | {"m999", "ada-view-1"}) == 62
    check_changes(root)


def test_a_journal_without_room_refuses_and_takes_events_again_when_there_is_some(tmp_path: Path) -> None:
    root = make(tmp_path / "p")
    with served(root) as one:
        one.send(track("view", "ada", 1))
        connection = one.journal._writer._connection
        assert connection is not None
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages}")
        kept, refused = set[str](), 0
        for n in range(20):
            try:
                one.journal.append_now("batch", "t", BODY % (n, n, os.urandom(4_500).hex().encode()))
                kept.add(f"m{n}")
            except Transient:
                refused += 1
        assert refused > 10
        connection.execute("PRAGMA max_page_count=1073741823")
        one.send(track("view", "ada", 2))
        assert one.members("twice") == ["ada"]
    assert check_log(root, kept | {"ada-view-1", "ada-view-2"}) == len(kept) + 2


def test_a_kill_while_the_disk_is_full_loses_nothing(tmp_path: Path) -> None:
    root, clock = make(tmp_path / "p"), ManualClock(START)
    one = Served(root, clock).start()
    writer = one.runner.database.writer
    writer.execute(f"PRAGMA max_page_count={writer.execute('PRAGMA page_count').fetchone()[0]}")
    for n in range(60):
        one.journal.append_now("batch", "t", BODY % (n, n, os.urandom(2_000).hex().encode()))
    one.until(lambda: "full" in one.runner.status().note)
    following, upkeep = one.runner._following, one.runner._upkeep
    assert following is not None
    assert upkeep is not None
    upkeep._stop.set()
    upkeep._thread.join()
    following.stopping = True
    assert one.runner._thread is not None
    one.runner._thread.join(30)
    assert one.runner.status().phase == "failed"
    with pytest.raises(Transient):
        one.runner.snapshot()
    one.journal.close()
    one.runner.database.writer.close()
    assert one.runner._lock is not None
    one.runner._lock.release()
    with served(root, clock) as again:
        again.until(lambda: again.runner.status().journal_position == again.journal.head)
    assert check_log(root, {f"m{n}" for n in range(60)}) == 60
