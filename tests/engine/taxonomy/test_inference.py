"""What is drafted from a log is met by that log, whatever is in it; what it holds of few odd values is told."""

from __future__ import annotations

import random
import uuid
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from coterie.engine.project import Project
from coterie.engine.taxonomy.drafting import draft_files
from coterie.engine.taxonomy.files import required_plan
from coterie.engine.taxonomy.history import check_history, drafts
from coterie.values import canonical

VALUES: dict[str, Any] = {
    "value": lambda rng: rng.choice((1, 2.5, 0, -3, 10**17)),
    "a.b": lambda rng: rng.choice(("x", "y", "yes", "null", "12", "")),
    'quo"ted': lambda rng: rng.choice((True, False)),
    "with space": lambda rng: rng.choice(("a", 1, None, [1])),
    "ünï": lambda rng: f"{rng.random()}",
    "Email": lambda rng: f"p{rng.randrange(99)}@example.org",
    "at": lambda rng: f"2026-01-{rng.randrange(10, 29)}T10:00:00.123+02:00",
    "day": lambda rng: f"2026-02-{rng.randrange(10, 31)}",  # the 30th is no day
    "id": lambda rng: str(uuid.UUID(int=rng.getrandbits(128))),
    "url": lambda rng: f"https://shop.example.org:8080/p/{rng.randrange(9)}?q=%20a&b={rng.randrange(9)}",
    "list": lambda rng: [rng.random()] * rng.randrange(3),
    "point": lambda rng: {"lat": 1, "lon": rng.random()},
    "maybe": lambda rng: None,
    "$set": lambda rng: rng.choice(("no", "off", "1_000")),
    "on": lambda rng: rng.randrange(3),
}
KEYS = tuple(VALUES)
NAMES = ("Order Completed", "order-completed", "plan", "$identify", "../evil", "yes")


def project_of(folder: Path, rows: list[tuple[str, dict[str, Any]]]) -> Project:
    (folder / "coterie.yaml").write_text("name: shop\n", encoding="utf-8")
    project = Project(folder)
    columns = {
        "event_id": [f"e{n}" for n in range(len(rows))], "profile": ["ada"] * len(rows), "name": [name for name, _ in rows],
        "occurred_at": list(range(len(rows))), "received_at": list(range(len(rows))),
        "properties": [canonical(told) for _, told in rows], "source": ["web"] * len(rows),
    }  # fmt: skip
    project.events.append(pa.table(columns))
    return project


@pytest.mark.parametrize("seed", range(5))
def test_history_meets_its_own_draft(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    always = {name: rng.sample(KEYS, 5) for name in NAMES}
    rows = []
    for _ in range(1500):
        name = rng.choice(NAMES)
        keys = {*always[name], *rng.sample(KEYS, rng.randrange(4))}
        rows.append((name, {key: VALUES[key](rng) for key in keys}))
    project = project_of(tmp_path, rows)
    drafted = draft_files(project, drafts(project), write=True, force=False)
    assert len(drafted.files) == len(NAMES)
    assert all((tmp_path / file).parent == tmp_path / "tracking" for file, _, _ in drafted.files)
    plan = required_plan(project)
    assert set(plan.events) == set(NAMES)
    found = check_history(project, plan)
    assert (found.events, found.violations) == (1500, ())
    formats = {one.format for event in plan.events.values() for one in event.named.values()}
    assert formats >= {"email", "date-time", "uuid", "uri"}
    assert any(one.required for one in plan.events["yes"].named.values())
    again = draft_files(project, drafts(project), write=True, force=True)
    assert [(file, text) for file, _, text in again.files] == [(file, text) for file, _, text in drafted.files]


def test_a_few_odd_values_are_told_and_found(tmp_path: Path) -> None:
    rows: list[tuple[str, dict[str, Any]]] = [("order", {"total": n}) for n in range(1000)]
    rows[7] = ("order", {"total": "seven"})
    project = project_of(tmp_path, rows)
    (draft,) = drafts(project)
    assert draft.remarks == ("total: 1 of 1,000 values are string; taken for a mistake",)
    draft_files(project, [draft], write=True, force=False)
    (told,) = check_history(project, required_plan(project)).violations
    assert (told.kind, told.property, told.count, told.sample) == ("wrong type", "total", 1, '"seven"')
