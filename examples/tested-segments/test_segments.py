"""Tests of one's own definitions: events in, members out. Run with ``pytest``; no project and no log is needed."""

from pathlib import Path

import pyarrow as pa

import coterie

SEGMENTS = Path(__file__).parent / "segments"


def events(*rows: tuple[str, str, str, dict[str, str]]) -> pa.Table:
    """Return (profile, name, when, properties) rows as a table of events."""
    profile, name, when, properties = zip(*rows, strict=True)
    return pa.table({"profile": profile, "name": name, "occurred_at": when, "properties": pa.array(properties)})


LOG = events(
    ("ann", "$identify", "2026-03-01T12:00:00Z", {"plan": "trial"}),
    ("bob", "$identify", "2026-03-01T12:00:00Z", {"plan": "trial"}),
    ("bob", "colleague_invited", "2026-03-05T09:00:00Z", {}),
    ("cleo", "$identify", "2026-03-01T12:00:00Z", {"plan": "trial"}),
    ("cleo", "$set", "2026-03-10T08:00:00Z", {"plan": "pro"}),
)


def members(at: str) -> list[str]:
    found: list[str] = coterie.members(SEGMENTS / "trial-ends-soon.yaml", LOG, at)["profile"].to_pylist()
    return found


def test_nobody_before_the_eleventh_day() -> None:
    assert members("2026-03-12T11:59:59.999999Z") == []


def test_those_still_on_trial_and_alone_afterwards() -> None:
    assert members("2026-03-12T12:00:00Z") == ["ann"]


def test_the_three_readers_agree() -> None:
    proof = coterie.verify(SEGMENTS / "trial-ends-soon.yaml", LOG, ["2026-03-12T12:00:00Z", "2026-04-01"])
    assert all(proof["agree"].to_pylist())
