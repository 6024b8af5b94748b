"""``coterie cluster`` as somebody types it."""

from __future__ import annotations

from pathlib import Path

import pytest

from coterie.engine.project import Project
from coterie.lab import Shop
from coterie.storage.lock import Lock
from coterie.storage.log import conform
from tests.cli.running import Shell

FILES = {
    "coterie.yaml": "name: shop\n",
    "segments/buyers.yaml": "key: buyers\nwhen: {did: {event: order_completed}}\n",
    "segments/core.yaml": "key: core\nwhen: {cluster: {model: habits, distance: {at_most: 1}}}\n",
    "features/habits.yaml": "key: habits\npopulation: buyers\nbuilt_in: [{rfm: {event: order_completed, amount: total, scores: false}}]\n",
    "models/habits.yaml": "key: habits\nkind: clusters\nfeatures: habits\nk: 3\nlive: {every: 1d}\n",
    "models/many.yaml": "key: many\nkind: clusters\nfeatures: habits\nk: 100\npopulation: some\n",
    "segments/some.yaml": "key: some\nwhen: {did: {event: order_completed, at_least: 2}}\n",
    "models/found.yaml": "key: found\nkind: clusters\nfeatures: habits\nalgorithm: dbscan\neps: 0.5\n",
}


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    Project(tmp_path).events.append(conform(Shop(people=1_200, days=20, seed=2, hot=False).table()))
    found = Shell(tmp_path, capsys)
    assert found("apply").code == 0
    return found


def test_from_a_fit_to_members_and_back(shell: Shell) -> None:
    assert "not fitted" in shell("cluster", "list").out
    fitted = shell.json("cluster", "fit", "habits")
    assert (fitted["version"], fitted["published"], len(fitted["clusters"])) == (1, None, 3)
    assert fitted["quality"]["stability"]["draws"] > 0
    explained = shell("cluster", "explain", "habits", "--members")
    assert "Different from the others" in explained.out
    assert "typical:" in explained.out
    published = shell.json("cluster", "publish", "habits")
    assert sum(published["sizes"].values()) == published["written"] == fitted["people"]
    assert published["changes"] > 0
    assert shell.json("members", "core")["size"] > 10
    again = shell.json("cluster", "fit", "habits", "--publish")
    assert again["clusters"] == fitted["clusters"]
    assert again["published"]["version"] == 2
    compared = shell.json("cluster", "compare", "habits", "--old", "1", "--new", "2")
    assert (compared["agreement"], compared["stayed"], compared["words"]) == (1.0, 1.0, [])
    assert "same cluster 100.0%" in shell("cluster", "compare", "habits", "--old", "1", "--new", "2").out
    (told,) = [one for one in shell.json("cluster", "list") if one["key"] == "habits"]
    assert (told["published"], told["versions"], told["is_live"]) == (2, [1, 2], True)
    assert shell.json("cluster", "publish", "habits", "--version", "1")["version"] == 1
    assert shell.json("cluster", "withdraw", "habits")["people"] == fitted["people"]
    assert shell("cluster", "withdraw", "habits").code == 3
    assert shell.json("members", "core")["size"] == 0


def test_choose_says_what_to_take_and_keeps_nothing(shell: Shell) -> None:
    told = shell("cluster", "choose", "habits")
    assert told.code == 0
    assert "silhouette" in told.out
    assert shell.json("cluster", "choose", "habits")["scores"][0]["k"] == 2
    assert "not fitted" in shell("cluster", "list").out


def test_a_rule_becomes_a_segment_once(shell: Shell, tmp_path: Path) -> None:
    key = shell.json("cluster", "fit", "habits")["clusters"][0]["key"]
    told = shell.json("cluster", "explain", "habits", "--save", key)
    assert told["segment"]["segment"] == f"habits-{key}"
    assert shell("validate").code == 0
    assert shell("apply").code == 0
    size = next(one["size"] for one in shell.json("segments") if one["key"] == f"habits-{key}")
    picked = round(told["segment"]["fidelity"]["people"])
    assert abs(size - picked) <= max(3, 0.02 * picked)  # the log's end is a microsecond after the fit's instant
    assert shell("cluster", "explain", "habits", "--save", key).code != 0
    assert shell("cluster", "explain", "habits", "--save", "nobody").code == 3


def test_pages_stand_alone(shell: Shell, tmp_path: Path) -> None:
    shell.json("cluster", "fit", "habits", "--html", str(tmp_path / "fit.html"))
    shell.json("cluster", "fit", "habits")
    for question in ("choose", "explain", "compare"):
        folder = tmp_path / question
        told = shell("cluster", question, "habits", "--html", f"{folder}.html", "--png", str(folder))
        assert told.code == 0, told.err
        assert "written:" in told.err
        drawn = list(folder.glob("*.png"))
        assert {one.read_bytes()[:4] for one in drawn} == {b"\x89PNG"}
        assert len(drawn) >= {"choose": 3, "explain": 4, "compare": 1}[question]
    for question in ("fit", "choose", "explain", "compare"):
        text = (tmp_path / f"{question}.html").read_text()
        assert text.startswith("<!doctype html>")
        assert 'src="http' not in text
        assert "habits" in text


def test_a_density_tells_how_far_its_rule_agrees_and_leaves_people_out(shell: Shell) -> None:
    told = shell("cluster", "fit", "found")
    assert told.code == 0
    assert "in none" in told.out
    published = shell.json("cluster", "publish", "found")
    assert published["is_live"] is False
    assert 0 < sum(published["sizes"].values()) < published["written"]  # who is in none has a distance all the same


def test_so_many_clusters_that_nothing_can_be_judged_are_warned_of(shell: Shell) -> None:
    fitted = shell.json("cluster", "fit", "many")
    assert 100 <= fitted["people"] < 400
    assert any("100 clusters of" in one for one in fitted["warnings"])


def test_what_cannot_be_is_said(shell: Shell, tmp_path: Path) -> None:
    missing = shell("cluster", "fit", "habbits")
    assert missing.code == 3
    assert "habits" in missing.err
    assert shell("cluster", "publish", "habits").code == 3
    assert shell("cluster", "compare", "habits").code == 3
    shell.json("cluster", "fit", "habits")
    assert "one version only" in shell("cluster", "compare", "habits").err
    no_window = shell("drift", "report", "habits", "--window", "0d")
    assert no_window.code == 2
    assert "--window: not a duration" in no_window.err
    lock = Lock(tmp_path / ".coterie" / "serving")
    assert lock.take("a server, process 1")
    try:
        held = shell("cluster", "publish", "habits")
        assert held.code != 0
        assert "through the server" in held.err
        assert shell("cluster", "fit", "habits").code == 0  # a fit only reads
    finally:
        lock.release()
