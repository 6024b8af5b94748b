"""What was learned, written into the log: once, dated, with the changes that follow, and without what only learning needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from coterie.clock import ManualClock
from coterie.engine.apply import apply
from coterie.engine.learning.publication import publish_traits, put_traits
from coterie.engine.project import Project
from coterie.engine.records import person
from coterie.profiles.traits import fold_traits, in_order, present
from tests.engine.learning.clusters import artefact, publish
from tests.engine.projects import DAY, NOW, project
from tests.engine.running.served import START, make, served, track

SEGMENTS = {"worth-it": "{trait: {name: clv.shop, at_least: 100}}"}


def traits(made: Project, who: str) -> dict[str, object]:
    return dict(present(fold_traits(in_order(person(made, who).events()))))


def test_traits_are_written_once_per_instant_and_tell_who_enters(tmp_path: Path) -> None:
    made = project(
        tmp_path,
        SEGMENTS,
        {"days": 3, "profile": "ada", "name": "order"},
        {"days": 2, "profile": "eve", "name": "order"},
    )
    apply(made, made.present())
    rows = [("ada", {"clv.shop": 250.5, "value_version.shop": 1}), ("eve", {"clv.shop": 20, "value_version.shop": 1})]
    done = publish_traits(made, rows, NOW - 3 * DAY, label="clv.shop@1")
    assert (done.people, done.changes, done.at) == (2, 1, NOW - 3 * DAY)
    assert traits(made, "ada") == {"clv.shop": 250.5, "value_version.shop": 1}
    count = made.events.count()
    publish_traits(made, rows, NOW - 3 * DAY, label="clv.shop@1")
    assert made.events.count() == count
    publish_traits(made, [("ada", {"clv.shop": 1})], NOW - 9 * DAY, label="clv.shop@2")  # learned of an earlier day
    assert traits(made, "ada")["clv.shop"] == 250.5
    gone = publish_traits(made, [("ada", {"clv.shop": None})], label="clv.shop@3")
    assert gone.changes == 1
    assert "clv.shop" not in traits(made, "ada")
    assert [row["direction"] for row in made.changes.table().to_pylist()] == ["entered", "exited"]
    assert publish_traits(made, [], label="nothing").people == 0


def test_where_a_server_runs_they_go_through_its_journal(tmp_path: Path) -> None:
    with served(make(tmp_path / "p", SEGMENTS)) as one:
        one.send(track("order", "ada"), track("order", "eve"))
        rows = [("ada", {"clv.shop": 250.5}), ("eve", {"clv.shop": 20})]
        told: list[int] = []
        done = put_traits(one.runner, rows, START, label="clv.shop@1", progress=told.append)
        assert (done.people, bool(told)) == (2, True)
        assert one.members("worth-it") == ["ada"]
        rows_before = one.runner.status().log_position
        put_traits(one.runner, rows, START, label="clv.shop@1")
        assert one.runner.status().log_position == rows_before


WITHOUT = """
import sys
for name in ("scipy", "sklearn", "fastcluster", "kneed", "lightgbm", "river", "altair", "fast_hdbscan", "umap", "openTSNE"):
    sys.modules[name] = None
from coterie.engine.learning.publishing import publish_clusters
from coterie.engine.project import Project
import coterie.app.service
done = publish_clusters(Project(sys.argv[1]), "habits")
print(done.people, done.written)
"""


def test_publishing_and_serving_need_no_library_of_learning(tmp_path: Path) -> None:
    made = project(tmp_path / "p", {}, *({"days": day, "profile": f"u{day}", "name": "view"} for day in range(1, 6)))
    publish(Project(made.root, ManualClock(NOW)), artefact())
    found = subprocess.run(
        [sys.executable, "-c", WITHOUT, str(made.root)], capture_output=True, text=True, timeout=120, check=False
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout.split() == ["5", "5"]
