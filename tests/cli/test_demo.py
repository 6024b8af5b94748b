"""The demo plays to its end, leaves a project, and refuses to overwrite anything else."""

from __future__ import annotations

import asyncio
import json
import smtplib
from pathlib import Path

import pyarrow as pa
import pytest
from rich.console import Console

from coterie.cli.demo_mail import PostOffice
from coterie.cli.demo_proof import members_then, prove, truly_at_risk
from coterie.cli.demo_scenes import AT_RISK, Wish, fresh_project, play
from coterie.cli.demo_screen import Stage, spark
from coterie.cli.demo_shop import Days, call_of
from coterie.cli.session import Session
from coterie.engine import definitions
from coterie.engine.project import Project
from coterie.errors import Problem

WISH = {"people": 1_500, "events": 60_000, "seconds": 6, "seed": 7}


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
    assert play(listener, Wish(out=out, **WISH)) == 0
    return out, listener.screen.export_text()


def test_it_tells_the_story(played: tuple[Path, str]) -> None:
    _, text = played
    for words in (
        "A shop opens",
        "coterie serve",
        "questions",
        "People come and go",
        "One person",
        "A mail",
        "The proof",
        "Groups nobody wrote down",
        "is one of",
        "Data from elsewhere",
        "asks to be forgotten",
    ):
        assert words in text
    assert "720 times as fast" in text, "what is not real is said"
    assert "0 differences" in text
    assert "the same people" in text
    assert "what landed is what lies at the source" in text
    assert "nothing left" in text
    assert "they do not come back" in text
    assert "is in high-intent-at-risk" in text
    assert "--keep" in text


def test_it_leaves_a_project_with_what_was_collected(played: tuple[Path, str]) -> None:
    project = Project(played[0])
    assert {segment.key for segment in definitions.in_force(project)} >= {AT_RISK, "worth-a-reminder"}
    assert project.events.extent().events > 50_000
    causes = set(project.changes.table()["cause"].to_pylist())
    assert causes >= {"event", "timer", "trait", "merge"}
    lines = [json.loads(line) for line in (played[0] / "serve.log").read_text().splitlines()]
    assert [line for line in lines if line["level"] in ("error", "warning")] == []
    assert lines[-1]["message"] == "stopped"


def test_the_proof_sees_a_difference(played: tuple[Path, str]) -> None:
    project = Project(played[0])
    changes, end = project.changes.table(), project.present()
    live = members_then(changes, [end])
    live[AT_RISK][end].pop()
    log = project.events.scan(properties=("product_id", "total"))
    proofs = {one.key: one for one in prove(project, definitions.catalog(project), live, log, [end], 10_000)}
    assert (proofs[AT_RISK].batch_differs, proofs[AT_RISK].oracle_differs) == (1, 1)
    assert (proofs["regulars"].batch_differs, proofs["regulars"].oracle_differs) == (0, 0)


def test_the_truth_of_another_shop_is_not_the_same(played: tuple[Path, str]) -> None:
    project = Project(played[0])
    catalog = definitions.catalog(project)
    other = Days(people=1_500, events=60_000, days=5, seed=8, live_hours=1)
    assert truly_at_risk(project, catalog, AT_RISK, other).differing


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


def test_calls_say_what_the_rows_of_the_shop_say() -> None:
    assert call_of("e", "p-000001", "$merge", {"loser": "a-000001-1"}) == {
        "messageId": "e", "userId": "p-000001", "anonymousId": "a-000001-1", "type": "identify", "traits": {},
    }  # fmt: skip
    said = call_of("e", "p-000001", "$set", {"consent.marketing": True, "plan": "pro"})
    assert said["traits"] == {"plan": "pro"}
    assert said["context"]["consent"]["categoryPreferences"] == {"marketing": True}


def test_the_post_office_takes_mail() -> None:
    async def send() -> PostOffice:
        office = PostOffice()
        await office.open()

        def post() -> None:
            with smtplib.SMTP("127.0.0.1", office.port, timeout=5) as client:
                letter = "From: a@x\r\nTo: b@x\r\nSubject: Hello\r\n\r\nFirst\r\n.dot\r\n"
                client.sendmail("a@x", ["b@x"], letter)

        await asyncio.to_thread(post)
        office.close()
        return office

    (mail,) = asyncio.run(send()).mails
    assert (mail.to, mail.subject, mail.text.split()) == ("b@x", "Hello", ["First", ".dot"])


def test_the_stage_is_redrawn_on_a_terminal() -> None:
    assert spark([0, 4, 8], 2) == "▄█"
    listener = Listener(lively=True)
    with Stage(listener.screen, {"a": "Anybody"}, 0, 10) as stage:
        stage.tape(5, "entered", "Ada", "a", "timer")
        stage.show(5, {"a": 3}, "100 events")
        listener.screen.print(stage._picture())
    text = listener.screen.export_text()
    for words in ("Anybody", "Ada", "100 events"):
        assert words in text
