"""A source and the log, event by event: exact when they are, and otherwise what is missing, extra or different, by its id."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from coterie.connectors.mapping_file import load_mapping
from coterie.engine.ingest import ingest
from coterie.engine.project import Project
from coterie.engine.quality.run import book_of
from coterie.engine.reconciling.reconcile import Asked, keep, reconcile_files, reconcile_source
from coterie.engine.sourcing.pull import pull
from coterie.engine.sourcing.sources import source_named
from coterie.errors import Conflict

SOURCE = """\
kind: files
path: data/*.csv
mapping:
  profile: customer
  occurred_at: at
  {id}
  event: order_completed
  properties: {{total: {{column: total, type: number}}, note: note}}
"""
NOW = 1_800_000_000_000_000


def line(number: int) -> str:
    total = "much" if number == 13 else f"{number % 50}.{number % 100:02d}"
    return f"o{number},c{number % 30},2026-02-{1 + number % 20:02d}T10:00:00Z,{total},n{number % 3}\n"


def lines(first: int = 0, end: int = 400) -> str:
    return "id,customer,at,total,note\n" + "".join(line(number) for number in range(first, end))


@pytest.fixture(params=["id: id", ""], ids=["ids of its own", "ids of content"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    for folder in ("data", "sources"):
        (tmp_path / folder).mkdir()
    (tmp_path / "coterie.yaml").write_text("name: shop\nquality: {owner: data@shop.example}\n")
    (tmp_path / "sources" / "orders.yaml").write_text(SOURCE.format(id=request.param))
    (tmp_path / "data" / "orders.csv").write_text(lines())
    return Project(tmp_path)


def test_what_landed_whole_is_exact_with_its_sums(project: Project) -> None:
    definition = source_named(project, "orders")
    pull(project, definition, now=NOW)
    told = reconcile_source(project, definition, NOW)
    assert told.is_exact
    assert (told.rows, told.refused, sum(one.there for one in told.days.values()), len(told.days)) == (400, 1, 399, 20)
    day = told.days["2026-02-02"]
    wanted = sum(number % 50 * 100 + number % 100 for number in range(400) if number % 20 == 1)
    (total,) = day.sums
    assert (total.property, total.there, total.here) == ("total", f"{wanted / 100:.6f}", f"{wanted / 100:.6f}")
    assert keep(project, told) == []
    assert len(book_of(project).reconciled("orders")) == 20


def test_what_differs_is_named_and_found(project: Project) -> None:
    definition = source_named(project, "orders")
    pull(project, definition, now=NOW)
    path = project.root / "data" / "orders.csv"
    kept = [text for number, text in enumerate(lines().splitlines(keepends=True)) if number != 31]
    path.write_text("".join(kept) + line(500))
    told = reconcile_source(project, definition, NOW)
    assert not told.is_exact
    assert sorted((one.what, one.day) for one in told.strange) == [("extra", "2026-02-11"), ("missing", "2026-02-01")]
    only = reconcile_source(project, definition, NOW, Asked(since=NOW))
    assert (only.is_exact, only.days) == (True, {})
    (extra, missing) = sorted(keep(project, told), key=lambda one: one.severity, reverse=True)
    assert (extra.severity, missing.severity, extra.owner) == ("warning", "error", "data@shop.example")
    assert "1 missing" in missing.says
    assert {one.finding.day for one in book_of(project).findings()} == {extra.day, missing.day}


def test_the_position_of_a_source_is_not_touched(project: Project) -> None:
    definition = source_named(project, "orders")
    pull(project, definition, now=NOW)
    reconcile_source(project, definition, NOW)
    (project.root / "data" / "more.csv").write_text(lines(400, 450))
    assert pull(project, definition, now=NOW).added == 50
    assert pull(project, definition, now=NOW).rows == 0
    assert reconcile_source(project, definition, NOW).is_exact


def test_traits_that_several_readings_say_are_no_difference(project: Project) -> None:
    path = project.root / "sources" / "orders.yaml"
    path.write_text(f"{path.read_text()}  traits: {{note: note}}\n")
    definition = source_named(project, "orders")
    for end in (150, 300, 400):
        (project.root / "data" / "orders.csv").write_text(lines(0, end))
        pull(project, definition, now=NOW)
    told = reconcile_source(project, definition, NOW)
    assert told.is_exact, told.strange
    assert sum(one.here for one in told.days.values()) == project.events.count() > 399
    wrong = (
        (project.root / "data" / "orders.csv")
        .read_text()
        .replace("2026-02-05T10:00:00Z,4.04,n1", "2026-02-05T10:00:00Z,4.04,n9")
    )
    (project.root / "data" / "orders.csv").write_text(wrong)
    assert not reconcile_source(project, definition, NOW).is_exact


def test_files_that_were_ingested(tmp_path: Path) -> None:
    (tmp_path / "coterie.yaml").write_text("name: shop\n")
    (tmp_path / "orders.yaml").write_text(
        "source: till\nprofile: customer\noccurred_at: at\nevent: order_completed\nproperties: {total: {column: total, type: number}}\n"
    )
    path = tmp_path / "orders.csv.gz"
    path.write_bytes(gzip.compress(lines().encode()))
    project, mapping = Project(tmp_path), load_mapping(tmp_path / "orders.yaml")
    ingest(project, [path], mapping, now=NOW)
    assert reconcile_files(project, [path], mapping, NOW).is_exact
    path.write_bytes(gzip.compress(lines(0, 401).encode()))
    told = reconcile_files(project, [path], mapping, NOW)
    assert [(one.what, one.event) for one in told.strange] == [("missing", "order_completed")]


def test_what_is_sent_to_us_cannot_be_read_again(tmp_path: Path) -> None:
    (tmp_path / "sources").mkdir()
    (tmp_path / "coterie.yaml").write_text("name: shop\n")
    mapping = "mapping: {profile: who, occurred_at: at, event: hook}\n"
    (tmp_path / "sources" / "hook.yaml").write_text(f"kind: webhook\nsignature: {{kind: none}}\n{mapping}")
    project = Project(tmp_path)
    with pytest.raises(Conflict):
        reconcile_source(project, source_named(project, "hook"), NOW)


def test_numbers_too_large_for_sums_and_ids_that_come_twice(project: Project) -> None:
    definition = source_named(project, "orders")
    day = "2026-02-02T10:00:00Z"
    rows = [f"b{number},c1,{day},{total},n" for number, total in enumerate(["9e31", "9e31", "9e31", "1e300", "5"])]
    rows += [f"b4,c1,{day},{number},again" for number in range(100, 120)]
    (project.root / "data" / "orders.csv").write_text("id,customer,at,total,note\n" + "\n".join(rows) + "\n")
    pull(project, definition, now=NOW)
    told = reconcile_source(project, definition, NOW)
    assert told.is_exact
    assert all(one.there == one.here for one in told.days["2026-02-02"].sums)


def test_what_a_broker_does_not_keep_cannot_be_read_again(tmp_path: Path) -> None:
    (tmp_path / "sources").mkdir()
    (tmp_path / "coterie.yaml").write_text("name: shop\n")
    mapping = "mapping: {profile: who, occurred_at: at, event: door}\n"
    (tmp_path / "sources" / "doors.yaml").write_text(
        f"kind: mqtt\nbroker: localhost:1883\ntopics: [doors/#]\n{mapping}"
    )
    project = Project(tmp_path)
    with pytest.raises(Conflict, match="mqtt keeps nothing"):
        reconcile_source(project, source_named(project, "doors"), NOW)
