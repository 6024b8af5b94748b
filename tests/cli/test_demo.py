"""The demo plays to its end, leaves a project, and refuses to overwrite anything else."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from rich.console import Console

from coterie.cli.demo_proof import members_then, prove
from coterie.cli.demo_scenes import Wish, fresh_project, play
from coterie.cli.demo_screen import Stage, chart, spark
from coterie.cli.session import Session
from coterie.engine import definitions
from coterie.engine.project import Project
from coterie.errors import Problem


class Listener(Session):
    """A session that remembers what was shown."""

    def __init__(self, *, lively: bool = False) -> None:
        super().__init__(None, as_json=False, quiet=False)
        self.screen = Console(record=True, width=110, force_terminal=lively, force_interactive=lively, quiet=False)

    def console(self) -> Console:
        return self.screen


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    out = tmp_path_factory.mktemp("demo") / "shop"
    listener = Listener()
    assert play(listener, Wish(people=300, events=9_000, days=20, seed=7, out=out)) == 0
    return out, listener.screen.export_text()


def test_it_tells_the_story(played: tuple[Path, str]) -> None:
    _, text = played
    for words in ("A shop opens", "questions", "live reader", "Sizes over time", "One person", "The proof"):
        assert words in text
    assert "0 differences" in text
    assert "the same people" in text
    assert "is in worth-a-reminder" in text


def test_it_leaves_a_project(played: tuple[Path, str]) -> None:
    project = Project(played[0])
    assert {segment.key for segment in definitions.in_force(project)} >= {"high-intent-at-risk", "worth-a-reminder"}
    assert project.events.extent().events > 5_000
    assert set(project.changes.table()["cause"].to_pylist()) >= {"event", "timer", "trait", "merge"}


def test_the_proof_sees_a_difference(played: tuple[Path, str]) -> None:
    project = Project(played[0])
    changes, end = project.changes.table(), project.present()
    live = members_then(changes, [end])
    live["high-intent-at-risk"][end].pop()
    log = project.events.scan(properties=("product_id", "total"))
    proofs = {one.key: one for one in prove(project, definitions.catalog(project), live, log, [end], 10_000)}
    assert (proofs["high-intent-at-risk"].batch_differs, proofs["high-intent-at-risk"].oracle_differs) == (1, 1)
    assert (proofs["regulars"].batch_differs, proofs["regulars"].oracle_differs) == (0, 0)


def test_another_demo_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    out = tmp_path / "demo"
    project = fresh_project(out)
    (project.root / "left-over").touch()
    assert not (fresh_project(out).root / "left-over").exists()
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "coterie.yaml").write_text("name: mine\n")
    with pytest.raises(Problem, match="something else"):
        fresh_project(tmp_path / "letters")
    assert (tmp_path / "letters" / "coterie.yaml").exists()


def test_members_then_folds_the_change_log_at_each_instant() -> None:
    rows = [(10, "a", "x", "entered"), (20, "a", "y", "entered"), (20, "a", "x", "exited"), (30, "b", "x", "entered")]
    changes = pa.table(dict(zip(("at", "segment", "profile", "direction"), zip(*rows, strict=True), strict=True)))
    found = members_then(changes, [9, 10, 20, 40])
    assert [found["a"].get(at, set()) for at in (9, 10, 20, 40)] == [set(), {"x"}, {"y"}, {"y"}]
    assert found["b"] == {40: {"x"}}


def test_curves_are_drawn() -> None:
    assert spark([0, 4, 8], 2) == "▄█"
    points = [(1_780_272_000_000_000 + hour * 3_600_000_000, hour) for hour in range(100)]
    text = chart({"a": points}, {"a": "Anybody"}, 80, colour=False)
    assert "Anybody" in text
    assert "\x1b" not in text
    assert max(len(line) for line in text.splitlines()) <= 80


def test_the_stage_is_redrawn_on_a_terminal() -> None:
    listener = Listener(lively=True)
    with Stage(listener.screen, {"a": "Anybody"}, 0, 10) as stage:
        stage.tape([(5, "entered", "Ada", "a", "timer")])
        stage.show(5, {"a": 3}, 100, 1, 1_000.0)
        listener.screen.print(stage._picture())
    text = listener.screen.export_text()
    assert "Anybody" in text
    assert "Ada" in text
    assert "100 events" in text
