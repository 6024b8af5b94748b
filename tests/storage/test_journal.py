"""The journal: what was acknowledged is there after any end, in order, under stamps that only grow."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from coterie.clock import ManualClock
from coterie.errors import Held, Overloaded, Terminal, Transient
from coterie.limits import DEFAULT
from coterie.storage.journal import Entry, Journal
from coterie.storage.journal.file import paths_of


def everything(journal: Journal) -> list[Entry]:
    read: list[Entry] = []
    while entries := journal.read(read[-1].position if read else 0, entries_max=1_000, bytes_max=1 << 40):
        read += entries
    return read


SMALL_FILES = msgspec.structs.replace(DEFAULT, journal_file_bytes_max=4_000, journal_ring_bytes_max=500)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(tmp_path / "journal")
    opened.start()
    yield opened
    opened.close()


def test_what_is_appended_is_read_in_order(journal: Journal) -> None:
    positions = [journal.append_now("batch", "key", b"%d" % n) for n in range(20)]
    assert positions == list(range(1, 21))
    entries = journal.read(0)
    assert [entry.body for entry in entries] == [b"%d" % n for n in range(20)]
    assert {(entry.route, entry.source) for entry in entries} == {("batch", "key")}
    assert [entry.position for entry in journal.read(17)] == [18, 19, 20]
    assert journal.read(20) == []
    assert journal.head == 20


def test_what_waits_together_is_one_commit(journal: Journal) -> None:
    async def many() -> list[int]:
        return await asyncio.gather(*[journal.append("track", "k", b"x" * 100) for _ in range(400)])

    assert sorted(asyncio.run(many())) == list(range(1, 401))
    assert journal.tallies()["commits"] < 100
    stamps = [entry.received_at for entry in journal.read(0, 1_000)]
    assert stamps == sorted(stamps)


def test_reads_keep_to_their_bounds(journal: Journal) -> None:
    for _ in range(10):
        journal.append_now("track", "k", b"x" * 100)
    assert len(journal.read(0, entries_max=3)) == 3
    assert len(journal.read(0, bytes_max=250)) == 2
    assert len(journal.read(0, bytes_max=1)) == 1


def test_a_restart_goes_on_where_it_ended(tmp_path: Path) -> None:
    first = Journal(tmp_path)
    first.start()
    first.append_now("track", "k", b"one")
    stamp = first.read(0)[0].received_at
    first.close()
    second = Journal(tmp_path, ManualClock(5))
    second.start()
    assert second.append_now("track", "k", b"two") == 2
    assert [entry.body for entry in second.read(0)] == [b"one", b"two"]
    assert second.read(1)[0].received_at > stamp, "stamps grow, also over a restart with a clock that went back"
    second.close()


def test_files_are_rotated_and_forgotten_whole(tmp_path: Path) -> None:
    journal = Journal(tmp_path, limits=SMALL_FILES)
    journal.start()
    for n in range(40):
        journal.append_now("track", "k", b"%d" % n * 200)
    assert len(paths_of(tmp_path)) > 2
    assert [entry.body for entry in everything(journal)] == [b"%d" % n * 200 for n in range(40)]
    size, second = journal.size_bytes(), paths_of(tmp_path)[1][0]
    assert journal.forget(second) == 1
    assert journal.oldest() == second
    assert journal.size_bytes() < size
    assert journal.read(0)[0].position == second
    assert journal.forget(10**9) > 0
    assert journal.append_now("track", "k", b"more") == 41
    journal.close()


def test_stamps_grow_and_none_is_at_or_before_the_horizon(tmp_path: Path) -> None:
    clock = ManualClock(1_000)
    journal = Journal(tmp_path, clock)
    journal.start()
    assert journal.horizon() == 1_000
    journal.append_now("track", "k", b"a")
    journal.append_now("track", "k", b"b")
    stamps = [entry.received_at for entry in journal.read(0)]
    assert 1_000 < stamps[0] < stamps[1]
    clock.advance_to(5_000)
    assert journal.horizon() == 5_000
    journal.append_now("track", "k", b"c")
    assert journal.read(2)[0].received_at > 5_000
    journal.close()


def test_no_entry_comes_with_a_stamp_that_the_horizon_has_passed(journal: Journal) -> None:
    late: list[tuple[int, int]] = []
    done = threading.Event()

    def follow() -> None:
        after = 0
        while not done.is_set() or journal.head > after:
            horizon = journal.horizon()
            for entry in journal.read(after):
                after = entry.position
            fresh = journal.wait(after, 0.001) and journal.read(after)
            late.extend((entry.received_at, horizon) for entry in fresh or () if entry.received_at <= horizon)

    follower = threading.Thread(target=follow)
    follower.start()
    for n in range(300):
        journal.append_now("track", "k", b"%d" % n)
    done.set()
    follower.join(20)
    assert not late


def test_wait_returns_with_the_entry_or_the_time(journal: Journal) -> None:
    assert journal.wait(0, 0.01) is False
    timer = threading.Timer(0.05, journal.append_now, ("track", "k", b"x"))
    timer.start()
    assert journal.wait(0, 10) is True
    timer.join()


def test_more_than_the_queue_holds_is_refused_and_told_when_to_come_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path, limits=msgspec.structs.replace(DEFAULT, journal_queue_entries_max=5))

    async def many() -> list[int | BaseException]:
        tasks = [asyncio.ensure_future(journal.append("track", "k", b"x")) for _ in range(9)]
        await asyncio.sleep(0)
        journal.start()
        return await asyncio.gather(*tasks, return_exceptions=True)

    answers = asyncio.run(many())
    refused = [one for one in answers if isinstance(one, Overloaded)]
    assert len(refused) == 4
    assert all(one.http_status == 429 and one.retry_after_s >= 1 for one in refused)
    assert len(journal.read(0)) == 5
    journal.close()


def test_a_full_disk_acknowledges_nothing_and_heals(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.start()
    journal.append_now("track", "k", b"kept")
    connection = journal._writer._connection
    assert connection is not None
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(Transient, match="full") as told:
        journal.append_now("track", "k", os.urandom(200_000))
    assert told.value.http_status == 503
    assert journal.head == 1
    connection.execute("PRAGMA max_page_count=1000000")
    assert journal.append_now("track", "k", b"room again") == 2
    assert [entry.body for entry in journal.read(0)] == [b"kept", b"room again"]
    journal.close()


_WRITE_UNTIL_FULL = """
import resource, sys
from pathlib import Path
from coterie.errors import Transient
from coterie.storage.journal import Journal
journal = Journal(Path(sys.argv[1])); journal.start()
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
kept = failed = 0
for n in range(60):
    try:
        journal.append_now("track", "k", b"%03d" % n * 3_000); kept += 1
    except Transient:
        failed += 1
print(kept, failed, flush=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
journal.append_now("track", "k", b"after"); journal.close()
"""


def test_a_disk_that_ends_in_the_middle_of_a_write_loses_nothing_acknowledged(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _WRITE_UNTIL_FULL, tmp_path], capture_output=True, text=True, check=True
    )
    kept, failed = map(int, done.stdout.split())
    assert kept
    assert failed
    entries = Journal(tmp_path).read(0, 1_000)
    assert len(entries) == kept + 1
    assert entries[-1].body == b"after"


_WRITE_FOR_EVER = """
import sys
from pathlib import Path
from coterie.storage.journal import Journal
journal = Journal(Path(sys.argv[1])); journal.start()
while True:
    print(journal.append_now("batch", "k", b"0123456789" * 1_500), flush=True)
"""


def test_kill_9_loses_nothing_acknowledged(tmp_path: Path) -> None:
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", _WRITE_FOR_EVER, tmp_path], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(50)]
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.read().splitlines()
        process.wait()
        process.stdout.close()
        acknowledged = [int(line) for line in lines if line.endswith("\n") or line.isdigit()]
        journal = Journal(tmp_path)
        stored = {entry.position for entry in everything(journal)}
        assert set(acknowledged) <= stored
        journal.start()
        journal.close()


def _filled(folder: Path, entries: int) -> None:
    journal = Journal(folder)
    journal.start()
    for n in range(entries):
        journal.append_now("track", "k", b"%d" % n * 2_000)
    journal.close()


def test_a_truncated_newest_file_is_moved_aside_and_told(tmp_path: Path) -> None:
    limits = msgspec.structs.replace(DEFAULT, journal_file_bytes_max=100_000)
    journal = Journal(tmp_path, limits=limits)
    journal.start()
    for n in range(60):
        journal.append_now("track", "k", b"%d" % n * 2_000)
    journal.close()
    files = paths_of(tmp_path)
    assert len(files) > 1
    first, newest = files[-1]
    with newest.open("r+b") as file:
        file.truncate(newest.stat().st_size - 20_000)
    mended = Journal(tmp_path, limits=limits)
    assert "damaged" in mended.told[0]
    assert newest.with_name(f"{newest.name}.damaged-1").exists()
    positions = [entry.position for entry in everything(mended)]
    assert positions[: first - 1] == list(range(1, first)), "the files before it are whole"
    assert positions[first - 1 :] == list(range(first, len(positions) + 1)), "and of it what was readable"
    assert len(positions) > first
    mended.start()
    assert mended.append_now("track", "k", b"next") > 60, "no position is given twice"
    mended.close()
    assert Journal(tmp_path, limits=limits).told == ()


def test_a_newest_file_of_noise_is_moved_aside(tmp_path: Path) -> None:
    _filled(tmp_path, 10)
    (_, newest) = paths_of(tmp_path)[-1]
    newest.write_bytes(os.urandom(newest.stat().st_size))
    journal = Journal(tmp_path)
    assert "not a database" in journal.told[0]
    journal.start()
    assert journal.append_now("track", "k", b"next") > 10
    journal.close()


def test_a_torn_end_is_left_out_and_told(tmp_path: Path) -> None:
    code = _WRITE_FOR_EVER.replace("while True", "for _ in range(20)") + "\nimport os; os._exit(0)"
    subprocess.run([sys.executable, "-c", code, tmp_path], check=True, capture_output=True)
    (_, newest) = paths_of(tmp_path)[-1]
    log = Path(f"{newest}-wal")
    with log.open("r+b") as file:
        file.truncate(log.stat().st_size - 10_000)
    journal = Journal(tmp_path)
    assert "no whole commit" in journal.told[0]
    stored = everything(journal)
    assert len(stored) == 19
    journal.start()
    assert journal.append_now("track", "k", b"next") > 20
    assert [entry.position for entry in everything(journal)][:20] == [*range(1, 20), journal.head]
    journal.close()


def test_positions_and_stamps_that_were_seen_are_not_given_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path, ManualClock(10))
    journal.resume(500, 9_000)
    journal.start()
    assert journal.append_now("track", "k", b"x") == 501
    (entry,) = journal.read(0)
    assert entry.received_at > 9_000
    assert journal.read(500) == [entry]
    journal.close()


def test_a_damaged_older_file_is_named(tmp_path: Path) -> None:
    journal = Journal(tmp_path, limits=SMALL_FILES)
    journal.start()
    for n in range(40):
        journal.append_now("track", "k", b"%d" % n * 200)
    journal.close()
    oldest = paths_of(tmp_path)[0][1]
    oldest.write_bytes(b"noise" * 1_000)
    with pytest.raises(Terminal, match=oldest.name):
        Journal(tmp_path, limits=SMALL_FILES).read(0)


def test_a_closed_journal_takes_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.start()
    journal.close()
    with pytest.raises(Transient, match="closed"):
        journal.append_now("track", "k", b"x")


def test_a_journal_has_one_process(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    with pytest.raises(Held, match=f"in use by process {os.getpid()}"):
        Journal(tmp_path)
    journal.close()
    Journal(tmp_path).close()


def test_an_entry_that_cannot_be_written_does_not_stop_the_others(journal: Journal) -> None:
    with pytest.raises(Transient, match="cannot be written"):
        journal.append_now("track", "half \ud800", b"x")
    assert journal.append_now("track", "k", b"y") == 1
