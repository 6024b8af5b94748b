"""A plan over files: imports are checked, what was quarantined comes back as if the plan had been right from the start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from coterie.connectors.mapping import Mapping
from coterie.connectors.mapping_file import parse_mapping
from coterie.engine.ingest import ingest, replay_quarantine
from coterie.engine.project import Project
from coterie.engine.replaying import replay_events
from coterie.engine.taxonomy.files import required_plan
from coterie.engine.taxonomy.history import check_history, drafts
from coterie.engine.taxonomy.violations import violations

ROWS = "who,mail,at,total,what\nada,ada@x.no,2026-01-01T10:00:00Z,5,order\nbob,bob@x.no,2026-01-02T10:00:00Z,-1,order\n"
LATER = "who,mail,at,total,what\ncyd,,2026-01-03T10:00:00Z,7,order\n,,2026-01-03T11:00:00Z,7,order\n"
MAPPING = parse_mapping(
    {
        "source": "till", "profile": "who", "occurred_at": "at", "event": {"column": "what"},
        "properties": {"total": {"column": "total", "type": "number"}, "mail": "mail"},
    }
)  # fmt: skip
NAMING = parse_mapping(
    {
        "source": "till", "profile": "who", "identifiers": {"email": "mail"}, "occurred_at": "at",
        "event": {"column": "what"}, "properties": {"total": {"column": "total", "type": "number"}},
    }
)  # fmt: skip
STRICT = (
    "event: order\nproperties:\n  total: {type: number, minimum: 0}\n  mail: {type: string}\non_violation: quarantine\n"
)


def made(folder: Path, plan: str | None) -> Project:
    folder.mkdir()
    (folder / "coterie.yaml").write_text("name: shop\n", encoding="utf-8")
    if plan is not None:
        (folder / "tracking").mkdir()
        (folder / "tracking" / "order.yaml").write_text(plan, encoding="utf-8")
    return Project(folder)


def taken(project: Project, *texts: str, mapping: Mapping = MAPPING) -> None:
    for number, text in enumerate(texts):
        file = project.root / f"{number}.csv"
        file.write_text(text, encoding="utf-8")
        ingest(project, [file], mapping, now=project.wall())


def log(project: Project) -> list[dict[str, Any]]:
    rows = (
        project.events.scan().select(["event_id", "profile", "name", "received_at", "properties", "source"]).to_pylist()
    )
    return sorted(rows, key=lambda one: one["event_id"])


@pytest.mark.parametrize("mapping", [MAPPING, NAMING], ids=["one identifier", "two"])
def test_what_was_quarantined_comes_back_as_if_the_plan_had_been_right(tmp_path: Path, mapping: Mapping) -> None:
    plain = made(tmp_path / "plain", None)
    taken(plain, ROWS, LATER, mapping=mapping)
    project = made(tmp_path / "strict", STRICT)
    taken(project, ROWS, LATER, mapping=mapping)
    assert {one["profile"] for one in log(project)} == {"ada", "cyd"}
    (told,) = violations(project, required_plan(project))
    found = (told.kind, told.property, told.count, told.sample, told.action)
    assert found == ("out of range", "total", 1, "-1", "quarantine")
    assert replay_events(project).refused == 1
    mended = replay_quarantine(project, mapping, now=project.wall())
    assert (mended.rows, mended.added) == (1, 0)  # the row of nobody; the event waits for the plan, not for a mapping
    (project.root / "tracking" / "order.yaml").write_text(STRICT.replace("minimum: 0", "minimum: -1"), encoding="utf-8")
    done = replay_events(project)
    assert (done.rows, done.refused) == (1, 0)
    assert log(project) == log(plain)
    assert [one["reason"] for one in project.quarantine.rows().to_pylist()] == ["profile is missing"]
    assert replay_events(project).rows == 0
    taken(project, ROWS, mapping=mapping)
    assert log(project) == log(plain)


def test_history_is_checked_and_drafted(tmp_path: Path) -> None:
    project = made(tmp_path / "shop", None)
    taken(project, ROWS)
    (draft,) = drafts(project)
    assert (draft.event.event, draft.events, set(draft.event.named)) == ("order", 2, {"total", "mail"})
    assert draft.event.named["mail"].pii == "direct"
    (project.root / "tracking").mkdir()
    (project.root / "tracking" / "order.yaml").write_text(STRICT, encoding="utf-8")
    found = check_history(project, required_plan(project))
    assert (found.events, found.quarantined) == (2, 1)
    assert [(one.kind, one.property, one.source, one.count) for one in found.violations] == [
        ("out of range", "total", "till", 1)
    ]
    assert check_history(project, required_plan(project), since=project.wall()).events == 0
