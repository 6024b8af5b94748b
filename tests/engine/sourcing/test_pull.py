"""Pulling a source: once and for all, whatever happens in between."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coterie.connectors.sources.cut import Grain
from coterie.connectors.sources.failures import SchemaChanged, Truncated
from coterie.connectors.sources.folder import files
from coterie.engine import ingest
from coterie.engine.ingest import Ingested
from coterie.engine.project import Project
from coterie.engine.sourcing.pull import pull
from coterie.engine.sourcing.sources import readings, reset, source_named
from coterie.engine.sourcing.trial import attempt
from coterie.errors import NotFound
from coterie.storage.events import EventStore
from coterie.storage.row_keys import RowKeys
from coterie.storage.state import sources

_fork = multiprocessing.get_context("forkserver")
_fork.set_forkserver_preload(["coterie.engine.sourcing.pull", "coterie.engine.sourcing.sources"])
SOURCE = """
kind: files
path: in/*.csv
mapping:
  profile: who
  occurred_at: at
  event: bought
  properties: {n: {column: n, type: integer}}
  traits: {level: {column: n, type: integer}}
"""


def project(root: Path, source: str = SOURCE) -> Project:
    for folder in ("sources", "in"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "coterie.yaml").write_text("{}\n")
    (root / "sources" / "shop.yaml").write_text(source)
    return Project(root)


def rows(first: int, end: int) -> str:
    return "".join(f"p{n % 5},2026-01-{1 + n // 40:02d},{n % 6}\n" for n in range(first, end))


def fill(root: Path) -> None:
    (root / "in" / "a.csv").write_text("who,at,n\n" + rows(0, 100))
    (root / "in" / "b.csv").write_text("who,at,n\n" + rows(120, 180) + ",2026-01-01,1\n")


def pulled(root: Path) -> Ingested:
    here = Project(root)
    return pull(here, source_named(here, "shop"), now=here.wall())


def bought(root: Path) -> list[tuple[Any, ...]]:
    log = Project(root).events.scan(names=["bought"]).to_pylist()
    return sorted(
        (one["event_id"], one["profile"], one["occurred_at"], one["properties"], one["source"]) for one in log
    )


def test_a_source_is_read_once_and_read_on(tmp_path: Path) -> None:
    project(tmp_path)
    fill(tmp_path)
    done = pulled(tmp_path)
    assert (done.rows, done.refused, done.quarantined) == (161, 1, 1)
    assert len(bought(tmp_path)) == 160
    assert {one[-1] for one in bought(tmp_path)} == {"source:shop"}
    assert pulled(tmp_path) == Ingested()
    with (tmp_path / "in" / "a.csv").open("a") as file:
        file.write(rows(90, 100))
    assert pulled(tmp_path).added == 10, "rows that say the same again count again, in a file that grew"
    reading = readings(Project(tmp_path))["shop"]
    assert (reading.refused, list(reading.position["files"])) == (1, ["in/a.csv", "in/b.csv"])
    assert reset(Project(tmp_path), "shop")
    again = pulled(tmp_path)
    assert (again.rows, again.added, again.quarantined) == (171, 0, 0)
    with pytest.raises(NotFound, match="shop"):
        reset(Project(tmp_path), "shap")


def _dying(root: str, chance: float, seed: int) -> None:
    """Pull in this process, which is a fork, and die as by kill -9 at some write, before it or after it."""
    dice = random.Random(seed)

    def deadly(work: Callable[..., Any]) -> Callable[..., Any]:
        def done(*args: Any, **named: Any) -> Any:
            if dice.random() < chance:
                os._exit(9)
            found = work(*args, **named)
            if dice.random() < chance:
                os._exit(9)
            return found

        return done

    EventStore.append = deadly(EventStore.append)  # type: ignore[method-assign]
    RowKeys.add = deadly(RowKeys.add)  # type: ignore[method-assign]
    sources.fold = deadly(sources.fold)
    ingest.EVENTS_MAX, files.FINE = 40, Grain(400, 20)  # type: ignore[attr-defined]
    pulled(Path(root))
    os._exit(0)


def test_deaths_at_any_write_lose_and_double_nothing(tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    for root in (whole, broken):
        project(root)
        fill(root)
    pulled(whole)
    deaths = 0
    for attempt_at in range(60):
        child = _fork.Process(target=_dying, args=(str(broken), 0.2 if attempt_at < 12 else 0.0, attempt_at))
        child.start()
        child.join(60)
        if child.exitcode == 0:
            break
        assert child.exitcode == 9
        deaths += 1
    assert deaths >= 4
    assert bought(broken) == bought(whole)
    assert pulled(broken) == Ingested()
    told = {(one["id"], one["reason"]) for one in Project(broken).quarantine.rows().to_pylist()}
    assert told == {(one["id"], one["reason"]) for one in Project(whole).quarantine.rows().to_pylist()}


def test_what_was_read_before_a_trouble_stays_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "FINE", Grain(100, 5))
    project(tmp_path)
    (tmp_path / "in" / "a.csv").write_text("who,at,n\n" + rows(0, 30) + "p1,2026")
    with pytest.raises(Truncated):
        pulled(tmp_path)
    assert len(bought(tmp_path)) == 30
    (tmp_path / "in" / "a.csv").write_text("who,at,n\n" + rows(0, 40))
    assert pulled(tmp_path).rows in (10, 40), "read on, or anew when the end is another one"
    assert len(bought(tmp_path)) == 40
    (tmp_path / "in" / "b.csv").write_text("who,when,n\n" + rows(0, 3))
    with pytest.raises(SchemaChanged, match="columns that are not there: at") as caught:
        pulled(tmp_path)
    assert not caught.value.retry
    assert len(bought(tmp_path)) == 40


def test_rows_that_are_all_refused_are_not_held_to_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "FINE", Grain(400, 20))
    monkeypatch.setattr(ingest, "REFUSED_MAX", 30)
    here = project(tmp_path)
    (tmp_path / "in" / "a.csv").write_text("who,at,n\n" + "".join(f"p{n},never,{n}\n" for n in range(100)))
    waiting: list[int] = []
    done = pull(
        here,
        source_named(here, "shop"),
        now=here.wall(),
        progress=lambda page: waiting.append(Project(tmp_path).quarantine.rows().num_rows),
    )
    assert (done.refused, done.quarantined) == (100, 100)
    assert min(waiting) < 50 < max(waiting), "some are kept before the end"


def test_people_are_found_by_all_their_identifiers(tmp_path: Path) -> None:
    mapping = "{identifiers: {user_id: who, email: mail}, occurred_at: at, event: bought}"
    project(tmp_path, f"kind: files\npath: in/*.csv\nmapping: {mapping}\n")
    text = (
        "who,mail,at\n,a@x.org,2026-01-01\nada,,2026-01-02\nada,a@x.org,2026-01-03\n,a@x.org,2026-01-04\nbob,a@x.org,2026-01-05\n"
        "guest,,2026-01-06\n,,2026-01-07\n"
    )
    (tmp_path / "in" / "a.csv").write_text(text)
    done = pulled(tmp_path)
    assert done.reasons == {"no identifier of the event is anybody's": 1, "profile is missing": 1}
    log = Project(tmp_path).events.scan().to_pylist()
    assert [(one["name"], one["profile"]) for one in log if one["name"] in ("bought", "$merge")] == [
        ("bought", "email:a@x.org"),
        ("bought", "ada"),
        ("$merge", "ada"),
        ("bought", "ada"),
        ("bought", "email:a@x.org"),
        ("bought", "bob"),
    ]
    waiting = Project(tmp_path).quarantine.rows(reason="nobody").to_pylist() or [
        one for one in Project(tmp_path).quarantine.rows().to_pylist() if "anybody" in one["reason"]
    ]
    told = json.loads(waiting[0]["row"])
    assert (told["name"], told["identifiers"]) == ("bought", [["user_id", "guest"]])
    (tmp_path / "in" / "b.csv").write_text("who,mail,at\n,a@x.org,2026-01-08\n")
    pulled(tmp_path)
    last = Project(tmp_path).events.scan().to_pylist()[-1]
    assert last["profile"] in ("ada", "email:a@x.org")


def test_a_trial_keeps_nothing(tmp_path: Path) -> None:
    here = project(tmp_path)
    fill(tmp_path)
    found = attempt(here, source_named(here, "shop"), now=here.wall(), rows=5)
    assert found.sight.what.startswith("2 files")
    assert len(found.events) == 5
    assert found.events[0].identifiers == (("user_id", "p0"),)
    assert here.events.extent().events == 0
    assert not (tmp_path / ".coterie" / "sources").exists()
    assert threading.active_count() < 50
