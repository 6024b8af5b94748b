from __future__ import annotations

from pathlib import Path

import pytest

from coterie.engine import definitions
from coterie.engine.apply import apply, put_by_hand, take_lists
from coterie.engine.plan import make_plan
from coterie.engine.project import Project
from coterie.errors import InvalidDefinition, NotFound
from tests.engine.projects import NOW, project, write

BUYERS = "{did: {event: bought, within: 10d}}"


def shop(folder: Path, **segments: str) -> Project:
    return project(
        folder / "p",
        {"buyers": BUYERS, **{key.replace("_", "-"): when for key, when in segments.items()}},
        {"days": 12, "profile": "ada", "name": "bought"},
        {"days": 3, "profile": "bob", "name": "bought"},
        {"days": 0, "profile": "eve", "name": "viewed"},
    )


def moves(project: Project) -> list[tuple[str, int, str, str, str]]:
    names = ("segment", "version", "profile", "direction", "cause")
    return [tuple(row[name] for name in names) for row in project.changes.table().to_pylist()]  # type: ignore[misc]


def test_a_new_definition_is_backfilled_and_told_as_edits(tmp_path: Path) -> None:
    made = shop(tmp_path)
    plan = apply(made, made.present())
    assert [(row.key, row.difference, row.size, row.entered) for row in plan.rows] == [("buyers", "new", 1, ("bob",))]
    assert moves(made) == [("buyers", 1, "bob", "entered", "edit")]
    assert apply(made, made.present()).is_empty
    assert len(made.applied.history()) == 1, "an empty plan records nothing"
    assert moves(made) == [("buyers", 1, "bob", "entered", "edit")]


def test_an_edit_tells_who_enters_and_who_leaves_also_where_it_is_referred_to(tmp_path: Path) -> None:
    made = shop(tmp_path, others="{not: {in_segment: buyers}}")
    apply(made, made.present())
    write(made.root, "buyers", "{did: {event: bought, after: '1970-01-01', before: '2024-09-25'}}")
    plan = {row.key: row for row in apply(made, made.present()).rows}
    assert (plan["buyers"].difference, plan["buyers"].version) == ("changed", 2)
    assert plan["others"].difference == "follows"
    assert plan["others"].version == 1
    assert plan["buyers"].entered == plan["others"].exited == ("ada",)
    assert plan["buyers"].exited == plan["others"].entered == ("bob",)
    assert [one.key for one in made.applied.history()[-1].entries] == ["buyers"]


def test_a_definition_whose_reference_is_gone_is_refused_and_nothing_is_recorded(tmp_path: Path) -> None:
    made = shop(tmp_path, others="{not: {in_segment: buyers}}")
    apply(made, made.present())
    before = moves(made)
    (made.root / "segments" / "buyers.yaml").unlink()
    with pytest.raises(InvalidDefinition, match="does not exist"):
        apply(made, made.present())
    assert moves(made) == before
    assert len(made.applied.history()) == 1
    assert sorted(segment.key for segment in definitions.in_force(made)) == ["buyers", "others"]


def test_a_removed_definition_lets_everybody_go(tmp_path: Path) -> None:
    made = shop(tmp_path, everyone="{everyone: {}}")
    apply(made, made.present())
    (made.root / "segments" / "everyone.yaml").unlink()
    plan = {row.key: row for row in apply(made, made.present()).rows}
    assert plan["everyone"].exited == ("ada", "bob", "eve")
    assert [segment.key for segment in definitions.in_use(made)] == ["buyers"]
    with pytest.raises(NotFound, match="coterie segments"):
        definitions.named(definitions.in_use(made), "everyone")


def test_lists_and_hands_move_people_with_cause_trait_and_the_latest_word_counts(tmp_path: Path) -> None:
    made = shop(tmp_path, listed="{in_list: vip}")
    write(made.root, "care", "{in_list: vip}", manual="true")
    apply(made, made.present())
    (made.root / "lists").mkdir()
    (made.root / "lists" / "vip.csv").write_text("profile\nada\nzoe\n")
    assert {one.key: one.added for one in make_plan(made, made.present()).lists} == {"vip": ("ada", "zoe")}
    assert take_lists(made) == 2
    assert take_lists(made) == 0
    assert moves(made)[-4:] == [
        ("care", 1, "ada", "entered", "trait"),
        ("care", 1, "zoe", "entered", "trait"),
        ("listed", 1, "ada", "entered", "trait"),
        ("listed", 1, "zoe", "entered", "trait"),
    ]
    for state, change in (("out", "exited"), ("in", "entered"), ("out", "exited"), (None, "entered")):
        assert put_by_hand(made, "care", "ada", state) == 1  # type: ignore[arg-type]
        assert moves(made)[-1] == ("care", 1, "ada", change, "trait")
    (made.root / "lists" / "vip.csv").write_text("profile\nzoe\n")
    assert take_lists(made) == 1
    assert moves(made)[-2:] == [("care", 1, "ada", "exited", "trait"), ("listed", 1, "ada", "exited", "trait")]


def test_the_present_is_the_end_of_the_log_or_the_clock(tmp_path: Path) -> None:
    history = shop(tmp_path / "a")
    assert history.present() == NOW
    made = project(tmp_path / "b", {}, {"days": 5}, present="clock")
    assert made.present() == NOW
    assert project(tmp_path / "c", {}, {"days": 5}).present() == NOW - 5 * 86_400_000_000
    assert project(tmp_path / "d", {}).present() == NOW, "an empty log has no end"
