"""Surveys: labels become numbers, items are turned round, scales are means of what was answered, in both shapes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.connectors.sources import definitions
from coterie.connectors.sources.failures import Absent, SchemaChanged
from coterie.connectors.sources.source import Source
from coterie.connectors.sources.survey.config import Config
from coterie.connectors.sources.survey.scoring import Scorer
from coterie.engine.project import Project
from coterie.engine.sourcing.pull import pull
from coterie.errors import InvalidDefinition, Problem
from coterie.segments.parse.folder import form_of
from coterie.values import parse
from tests.connectors.sources.contract import keeps_order, refuses

WIDE = """kind: survey
survey: values-2026
from: {kind: files, path: "exports/*.csv"}
respondent: email
identifier: email
answered_at: submitted
answers:
  agree: {Strongly disagree: 1, Disagree: 2, Neutral: 3, Agree: 4, Strongly agree: 5}
items:
  "I like parties": {name: outgoing, answers: agree}
  "I keep in the background": {name: quiet, answers: agree, reversed: true}
  "I talk a lot": {name: talkative, answers: agree}
  "How likely are you to come back?": {name: nps, least: 0, most: 10}
  "What do you do?": {name: hobbies, separator: ";"}
  "Anything else?": {name: comment, words: true}
scales:
  extraversion: {items: [outgoing, quiet, talkative], minimum: 2}
"""
HEAD = "email,submitted,I like parties,I keep in the background,I talk a lot,How likely are you to come back?,What do you do?,Anything else?,country"
ADA = 'ada@x.org,2026-01-05T10:00:00Z,Agree,strongly  disagree,,9,golf; chess,"Nice, thanks",NO'
BOB = "bob@x.org,2026-01-05T11:00:00Z,Neutral,,,,,,SE"
CIA = "cia@x.org,2026-01-05T12:00:00Z,Agre,Agree,Agree,4,,,SE"
LONG = """kind: survey
from: {kind: files, path: "exports/*.csv"}
shape: long
respondent: who
answered_at: at
question: question
answer: answer
items:
  q1: {name: thrift, least: 1, most: 7}
  q2: {name: splurge, least: 1, most: 7, reversed: true}
scales: {saving: {items: [thrift, splurge], how: sum}}
"""


def written(root: Path, text: str, *rows: str, head: str = HEAD) -> Path:
    (root / "sources").mkdir(parents=True, exist_ok=True)
    (root / "sources" / "values.yaml").write_text(text)
    (root / "exports").mkdir(exist_ok=True)
    (root / "exports" / "one.csv").write_text("\n".join([head, *rows, ""]))
    return root


def opened(root: Path) -> Source:
    return definitions.open_source(definitions.load(root)["values"], root, {})


def row(page: Any, place: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(page.chunk.row(place))
    return found


def test_a_row_per_person_becomes_numbers_scales_lists_and_words(tmp_path: Path) -> None:
    page = next(iter(opened(written(tmp_path, WIDE, ADA, BOB, CIA)).read({})))
    ada, bob = row(page, 0), row(page, 1)
    assert ada.pop("$id").startswith("values/")
    assert ada == {
        "email": "ada@x.org", "submitted": "2026-01-05T10:00:00Z", "country": "NO", "outgoing": 4, "quiet": 1, "nps": 9,
        "hobbies": ["golf", "chess"], "comment": "Nice, thanks", "extraversion": 4.5,
    }  # fmt: skip
    assert (bob["outgoing"], "extraversion" in bob) == (3, False)
    [(number, text, why)] = page.chunk.broken
    assert number == 3
    assert "Agre" in text
    assert "did you mean 'Agree'?" in why
    assert "I like parties" in why


def test_a_row_per_answer_is_put_together_by_response(tmp_path: Path) -> None:
    rows = [
        "ada,2026-01-05,q1,6",
        "bob,2026-01-06,q1,2",
        "ada,2026-01-05,q2,3",
        "ada,2026-01-05,other,x",
        "bob,2026-01-06,q2,8",
    ]
    page = next(iter(opened(written(tmp_path, LONG, *rows, head="who,at,question,answer")).read({})))
    assert {**row(page), "$id": ""} == {
        "who": "ada",
        "at": "2026-01-05",
        "thrift": 6,
        "splurge": 3,
        "saving": 11,
        "$id": "",
    }
    assert "out of range" in page.chunk.broken[0][2]


@pytest.mark.parametrize("shape", ["wide", "long"])
def test_stops_lose_and_double_nothing(tmp_path: Path, shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coterie.connectors.sources.survey.survey.RESPONSES", 7)
    if shape == "wide":
        rows = [f"p{n}@x.org,2026-01-05T10:00:00Z,Agree,Disagree,,9,,,NO" for n in range(60)]
        written(tmp_path, WIDE, *rows)
    else:
        rows = [f"p{n % 60},2026-01-05,q{1 + n // 60},{1 + n % 7}" for n in range(120)]
        written(tmp_path, LONG, *rows, head="who,at,question,answer")
    keeps_order(lambda: opened(tmp_path), 60, rounds=4)


def test_a_survey_becomes_events_and_traits_of_people(tmp_path: Path) -> None:
    root = written(tmp_path, WIDE, ADA, BOB, CIA)
    (root / "coterie.yaml").write_text("name: shop\n")
    project = Project(root)
    done = pull(project, definitions.load(root)["values"], now=1_780_000_000_000_000)
    assert (done.rows, done.refused, done.added) == (3, 1, 3)
    told = [(one["name"], one["profile"], parse(one["properties"])) for one in project.events.scan().to_pylist()]
    answered = {profile: properties for name, profile, properties in told if name == "survey_answered"}
    assert set(answered) == {"email:ada@x.org", "email:bob@x.org"}
    ada = answered["email:ada@x.org"]
    assert isinstance(ada, dict)
    assert (ada["survey"], ada["extraversion"], ada["hobbies"]) == ("values-2026", 4.5, ["golf", "chess"])
    traits = [properties for name, profile, properties in told if name == "$identify"]
    assert traits == [{"extraversion": 4.5}]
    # An export that is longer tomorrow holds the same answers: they count once.
    with (root / "exports" / "two.csv").open("w") as file:
        file.write("\n".join([HEAD, ADA, "dan@x.org,2026-01-06T10:00:00Z,Agree,Agree,Agree,5,,,NO", ""]))
    again = pull(project, definitions.load(root)["values"], now=1_780_000_000_000_000)
    assert (again.rows, again.added) == (2, 2)


def test_every_failure_has_its_name(tmp_path: Path) -> None:
    root = written(tmp_path, WIDE, ADA, head=HEAD.replace("I talk a lot", "I speak a lot"))
    refuses(SchemaChanged, lambda: list(opened(root).read({})), "I talk a lot", "I speak a lot")
    written(tmp_path, WIDE.replace("exports/", "nowhere/"), ADA)
    refuses(Absent, lambda: opened(root).look(), "nowhere")


def test_a_file_is_read_with_what_does_not_fit_together(tmp_path: Path) -> None:
    wrong = {
        "answers: agree, reversed: true}": ("answers: agre, reversed: true}", "no such answers"),
        "minimum: 2}": ("minimum: 4}", "more than there are"),
        "items: [outgoing,": ("items: [outgoin,", "did you mean 'outgoing'?"),
        "{name: nps, least: 0, most: 10}": ("{name: nps, reversed: true}", "cannot be turned round"),
        "words: true": ("words: true, separator: x", "words have no numbers"),
        "{name: nps,": ("{name: quiet,", "two items have this name"),
        "kind: files, path": ("kind: mqtt, broker: x, topics: [a], payload", "payload"),
        "respondent: email": ("question: x", "respondent"),
    }
    for before, (after, words) in wrong.items():
        assert before in WIDE
        with pytest.raises(InvalidDefinition) as caught:
            opened(written(tmp_path, WIDE.replace(before, after), ADA))
        assert words in str(caught.value), str(caught.value)
    stream = WIDE.replace('{kind: files, path: "exports/*.csv"}', "{kind: mqtt, broker: x, topics: [a]}")
    with pytest.raises(InvalidDefinition, match="a stream has no end"):
        opened(written(tmp_path, stream, ADA))


NUMBERS = st.integers(1, 5)


@given(st.lists(st.one_of(st.none(), NUMBERS), min_size=3, max_size=3), st.integers(1, 3))
def test_a_scale_is_the_mean_of_what_was_answered_and_lies_within_its_items(
    answers: list[int | None], least: int
) -> None:
    items = {"a": {}, "b": {}, "c": {"least": 1, "most": 5, "reversed": True}}
    scales = {
        "s": {"items": ["a", "b", "c"], "minimum": least},
        "t": {"items": ["a", "b", "c"], "minimum": least, "how": "sum"},
    }
    said = {"respondent": "r", "answered_at": "t", "items": items, "scales": scales}
    scored = Scorer(form_of(Config, said)).score(dict(zip("abc", answers, strict=True)))
    counted = [6 - one if place == 2 else one for place, one in enumerate(answers) if one is not None]
    if len(counted) < least:
        assert "s" not in scored
    else:
        assert scored["s"] == round(sum(counted) / len(counted), 6)
        assert 1 <= scored["s"] <= 5
        assert scored["t"] == round(3 * sum(counted) / len(counted), 6)


@pytest.mark.parametrize(("given_", "kept"), [("Agree", 4), (" AGREE ", 4), (4, 4), ("4", 4), ("4.0", 4)])
def test_labels_and_their_numbers_are_read_alike(given_: object, kept: float) -> None:
    said = {
        "respondent": "r", "answered_at": "t", "answers": {"agree": {"Agree": 4, "Disagree": 2}},
        "items": {"q": {"answers": "agree"}},
    }  # fmt: skip
    scorer = Scorer(form_of(Config, said))
    assert scorer.score({"q": given_}) == {"q": kept}
    with pytest.raises(Problem):
        scorer.score({"q": "3"})
