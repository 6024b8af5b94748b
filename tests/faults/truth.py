"""What must be so after any fault: the log holds what was acknowledged once, and the changes are those of a clean replay."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from coterie.engine import definitions
from coterie.engine.project import Project
from coterie.segments.live import Live

SYSTEM = ("$merge", "$link")


def check_log(folder: Path, acknowledged: set[str]) -> int:
    """Every acknowledged event is in the landed log, and none is there twice; return how many there are."""
    log = Project(folder).events.scan()
    ids = Counter(log["event_id"].to_pylist())
    assert not [one for one, count in ids.items() if count > 1]
    lost = acknowledged - ids.keys()
    assert not lost, f"{len(lost)} of {len(acknowledged)} acknowledged events are lost: {sorted(lost)[:5]}"
    assert log["position"].to_pylist() == list(range(log.num_rows))
    received = log["received_at"].to_pylist()
    assert received == sorted(received)
    return int(log.num_rows)


def check_changes(folder: Path) -> list[dict[str, Any]]:
    """The change log is that of a clean replay, numbered without a gap; return it."""
    project = Project(folder)
    told = project.changes.table().to_pylist()
    assert [row.pop("sequence") for row in told] == list(range(1, len(told) + 1))
    live = Live(definitions.catalog(project), history=project.events.history)
    found = [row for table in project.events.batches(5_000) for row in live.apply(table).table().to_pylist()]
    until = max(live.now, max((row["at"] for row in told), default=0))
    found += live.advance(until).table().to_pylist()
    for row in found:
        row["event_id"] = row.get("event_id") or ""
    for place, (one, other) in enumerate(zip(told, found, strict=False)):
        assert one == other, f"change {place + 1} differs"
    assert len(told) == len(found)
    return told


def messages(path: Path) -> list[dict[str, Any]]:
    """Return the messages of a file destination; a line that a crash cut off is none."""
    found = []
    for file in sorted(path.parent.glob(f"{path.name}*")):
        for line in file.read_text(encoding="utf-8").splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
    return found
