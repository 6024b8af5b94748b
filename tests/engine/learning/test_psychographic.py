"""Interests, texts and scales from a log: as of an instant, by person after merges, published as traits, taken back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from coterie.engine.history import History
from coterie.engine.learning.models import models_of
from coterie.engine.learning.psychographic import fit, publish, scored
from coterie.engine.learning.renewal import withdraw
from coterie.engine.learning.scales import scales_told
from coterie.engine.project import Project
from coterie.errors import NotFound, Problem
from coterie.learned.definition import InterestsModel, TextModel
from coterie.learned.parse import parse
from coterie.model import MERGE, Event
from coterie.segments.core import Trait

DAY = 86_400_000_000
START = 1_767_225_600_000_000
TASTES = (("boots", "maps"), ("knives", "ovens"))
WORDS = ("The courier was late, parcel damaged.", "Soft warm wool, I love it.")


def _event(number: int, who: str, name: str, day: float, **properties: Any) -> Event:
    at = START + int(day * DAY)
    return Event(id=f"e{number}", profile=who, name=name, occurred_at=at, received_at=at, properties=properties)


def _log() -> list[Event]:
    events: list[Event] = []
    for person in range(40):
        who, taste = f"p{person:02}", TASTES[person % 2]
        for look in range(6):
            events.append(_event(len(events), who, "view", 1 + look, category=taste[look % 2] if look else "sale"))
        events.append(_event(len(events), who, "review", 7, comment=WORDS[person % 2]))
    return events


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "coterie.yaml").write_text("name: shop\npresent: log\n")
    made = Project(tmp_path)
    made.events.append(_table(_log()))
    return made


def _table(events: list[Event]) -> Any:
    import pyarrow as pa

    from coterie.values import canonical

    return pa.table(
        {
            "event_id": [one.id for one in events],
            "profile": [one.profile for one in events],
            "name": [one.name for one in events],
            "occurred_at": pa.array([one.occurred_at for one in events], pa.int64()),
            "received_at": pa.array([one.received_at for one in events], pa.int64()),
            "properties": [canonical(one.properties) for one in events],
        }
    )


def _tastes(**more: Any) -> InterestsModel:
    found = parse({"key": "tastes", "kind": "interests", "looked": "view", "category": "category", "people_min": 5, "dimensions": 2, **more})  # fmt: skip
    assert isinstance(found, InterestsModel)
    return found


def _voice(**more: Any) -> TextModel:
    found = parse(
        {"key": "voice", "kind": "text", "said": "review", "text": "comment", "topics": 2, "dimensions": 2, **more}
    )
    assert isinstance(found, TextModel)
    return found


def _traits(project: Project, *names: str) -> dict[str, list[Any]]:
    with History(project.events) as history:
        rows = history.measures([], project.next_instant(), values=[Trait(name) for name in names])
    columns = [rows.column(f"v{place}").to_pylist() for place in range(len(names))]
    told = [[None if one is None else json.loads(one) for one in row] for row in zip(*columns, strict=True)]
    return dict(zip(rows.column("profile").to_pylist(), told, strict=True))


def test_interests_become_traits_and_are_taken_back(project: Project) -> None:
    store = models_of(project)
    artefact = store.save(fit(project, _tastes(), project.present()))
    assert artefact.version == 1
    first = publish(project, "interests", "tastes")
    assert (first.written.people, len(first.table)) == (40, 40)
    told = _traits(project, "interest.tastes", "interests_version.tastes")
    assert all(told[f"p{n:02}"][0] in TASTES[n % 2] for n in range(40))
    assert told["p00"][1] == 1
    assert store.published_version("interests", "tastes") == 1
    again = publish(project, "interests", "tastes")
    assert again.written.people == 0  # nothing is new
    done = withdraw(project, "interests", "tastes")
    assert done.people == 40
    assert _traits(project, "interest.tastes")["p00"] == [None]
    with pytest.raises(NotFound, match="no version"):
        withdraw(project, "interests", "tastes")


def test_only_what_had_arrived_counts(project: Project) -> None:
    early = START + int(4.5 * DAY)
    before = fit(project, _tastes(), early)
    late = [_event(9_000 + n, f"p{n:02}", "view", 20, category="yachts") for n in range(40)]
    project.events.append(_table(late))
    assert fit(project, _tastes(), early).parameters == before.parameters
    assert scored(project, before, early).column("interest").values[0] in TASTES[0]
    later = fit(project, _tastes(), project.present())
    assert later.parameters != before.parameters
    window = fit(project, _tastes(within="10d", least=1, people_min=2, dimensions=1), START + 6 * DAY)
    assert window.since == START - 4 * DAY


def test_one_person_of_two_names_is_one(project: Project) -> None:
    at = START + 30 * DAY
    merge = Event(id="m", profile="p00", name=MERGE, occurred_at=at, received_at=at, properties={"loser": "p01"})
    project.events.append(_table([merge]))
    table = scored(project, fit(project, _tastes(), project.present()), project.present())
    assert len(table) == 39
    assert "p01" not in table.profiles.tolist()


def test_tone_and_topics_become_traits(project: Project) -> None:
    models_of(project).save(fit(project, _voice(), project.present()))
    publish(project, "text", "voice")
    told = _traits(project, "tone.voice", "topic.voice", "texts.voice")
    assert told["p00"][0] < 0 < told["p01"][0]
    assert told["p00"][1] != told["p01"][1]
    assert "courier" in told["p00"][1]
    assert told["p00"][2] == 1


def test_no_text_and_no_person_is_in_an_artefact(project: Project) -> None:
    own = [_event(9_500, "p00", "review", 8, comment="I am Zebedee Quux of Trondheim, call 5551234")]
    project.events.append(_table(own))
    models_of(project).save(fit(project, _voice(), project.present()))
    models_of(project).save(fit(project, _tastes(), project.present()))
    kept = b"".join(
        one.read_bytes() for one in (project.root / ".coterie" / "models").rglob("*") if one.is_file()
    ).lower()
    for word in (b"zebedee", b"quux", b"trondheim", b"5551234", b"p00", b"courier was"):
        assert word not in kept
    assert b"courier" in kept


def test_another_language_has_a_lexicon_of_its_own(project: Project) -> None:
    (project.root / "models").mkdir()
    (project.root / "models" / "own.csv").write_text("late,0.9\nlove,-0.9\n")
    model = _voice(language="other", lexicon="own.csv")
    table = scored(project, fit(project, model, project.present()), project.present())
    tone = table.column("tone").values
    assert tone[0] > 0 > tone[1]
    with pytest.raises(Problem, match=r"no such file") as refused:
        fit(project, _voice(lexicon="owm.csv"), project.present())
    assert "own.csv" in str(refused.value)
    with pytest.raises(Problem, match="no such file"):
        fit(project, _voice(lexicon="../coterie.yaml"), project.present())
    silent = scored(project, fit(project, _voice(language="other"), project.present()), project.present())
    assert "tone" not in silent.names


def test_nobody_with_such_an_event_is_said(project: Project) -> None:
    with pytest.raises(Problem, match="nobody has such an event"):
        fit(project, _tastes(looked="look"), project.present())
    with pytest.raises(NotFound, match="no segment"):
        fit(project, _tastes(population="vips"), project.present())


SURVEY = """
kind: survey
from: {kind: files, path: answers.csv}
respondent: who
answered_at: at
items:
  a: {least: 1, most: 7}
  b: {name: quiet, least: 1, most: 7, reversed: true}
  c: {least: 1, most: 7}
scales: {outgoing: {items: [a, quiet, c], minimum: 2}}
"""


def test_the_scales_of_a_survey_are_judged_on_the_latest_answers(project: Project) -> None:
    (project.root / "sources").mkdir()
    (project.root / "sources" / "values.yaml").write_text(SURVEY)
    answers: list[Event] = []
    for person in range(30):
        value = 1 + person % 7
        first = {"a": 9 - value if value > 1 else 1, "quiet": value, "c": 4, "survey": "values"}  # superseded on day 12
        latest = {"a": value, "quiet": 8 - value, "c": min(7, value + person % 2), "survey": "values"}
        answers.append(_event(len(answers), f"p{person:02}", "survey_answered", 10, **first))
        answers.append(_event(1_000 + len(answers), f"p{person:02}", "survey_answered", 12, **latest))
    answers.append(_event(5_000, "p31", "survey_answered", 12, a=1, survey="values"))
    answers.append(_event(5_001, "p32", "survey_answered", 12, a=1, quiet=1, c=7, survey="another"))
    project.events.append(_table([structs.replace(one, id=f"s{one.id}") for one in answers]))
    (told,) = scales_told(project, project.present())
    assert told.source == "values"
    found = told.reliability
    assert (found.scale, found.people, found.answered) == ("outgoing", 30, 31)
    assert isinstance(found.alpha, float)
    assert found.alpha > 0.95  # the reversed item is turned round, and the first answers are superseded
    assert scales_told(project, START + 5 * DAY)[0].reliability.people == 0
    with pytest.raises(NotFound, match="no source 'valeus'"):
        scales_told(project, project.present(), "valeus")
