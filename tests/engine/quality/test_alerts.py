"""Findings as messages: who is told, at which destination, in which words, and not twice."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from coterie.connectors.destinations.destination import Message
from coterie.connectors.destinations.email import Email, EmailDestination
from coterie.connectors.destinations.webhook import body_of
from coterie.engine.outbox.notices import NOTICES, QUALITY
from coterie.engine.project import Project
from coterie.engine.quality.alerts import letters
from coterie.engine.quality.rules import Rule
from coterie.engine.quality.run import book_of
from coterie.engine.quality.running import post
from coterie.engine.running.files import open_state
from coterie.monitoring.finding import Finding
from coterie.monitoring.terms import Check, Severity, Stage
from coterie.segments.parse.folder import form_of
from coterie.storage.state.outbox import Outbox
from coterie.triggers.delivery import Delivery

AT = 1_800_000_000_000_000


def finding(
    severity: str = "error",
    owner: str = "data@shop.example",
    rule: str = "",
    says: str = "half is gone; all is normal",
    day: int = 20_000,
    event: str = "order",
) -> Finding:
    return Finding(
        day=day, check=Check.VOLUME, stage=Stage.LAND, severity=Severity(severity), event=event, measure="rows",
        owner=owner, rule=rule, says=says,
    )  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "coterie.yaml").write_text("name: shop\nquality: {alerts: [ops]}\n")
    return Project(tmp_path)


def found(project: Project, *told: Finding) -> list[Delivery]:
    kept = book_of(project).record(20_000, told, AT, over=False)
    rule = form_of(Rule, {"key": "orders", "event": "order", "rows_at_least": 1, "alerts": ["till", "ops"]})
    made, numbers = letters(project, kept, {"orders": rule}, AT)
    assert set(numbers) <= {one.id for one in kept}
    return made


def test_one_message_for_each_destination_and_owner(project: Project) -> None:
    made = found(project, finding(), finding(rule="orders", owner="till"), finding("info", "nobody", event="page"))
    assert [(one.destination, one.payload["alert"]["owner"]) for one in made] == [
        ("ops", "data@shop.example"), ("ops", "till"), ("till", "till"),
    ]  # fmt: skip
    assert {one.trigger for one in made} == {QUALITY}
    assert made[0].payload["profile"]["traits"] == {"email": "data@shop.example"}
    assert made[1].payload["profile"]["traits"] == {}


def test_what_was_told_is_not_told_again_and_what_a_crash_left_is(project: Project) -> None:
    book_of(project).record(20_000, [finding()], AT, over=False)
    database = open_state(project)
    try:
        with database.transaction() as connection:
            assert post(project, connection, AT, AT) == 1
            assert post(project, connection, AT, AT) == 0
            book_of(project).record(20_001, [finding(says="more", day=20_001)], AT, over=False)
            assert post(project, connection, AT, AT) == 1
        assert len(Outbox(database.reader()).letters()) == 2
    finally:
        database.close()


def message(project: Project) -> Message:
    (one,) = found(project, finding(says="half of <b>Ada</b> is gone; all is normal"))
    return Message(
        key=one.key, trigger=one.trigger, profile="", payload=one.payload, content=NOTICES[QUALITY], attempt=1, at=AT
    )


def test_a_mail_goes_to_the_owner_and_escapes_what_others_sent(project: Project) -> None:
    form = form_of(
        Email,
        {
            "key": "ops",
            "kind": "email",
            "host": "localhost",
            "security": "none",
            "from": "Coterie <quality@shop.example>",
        },
    )
    mail = EmailDestination(form, {}).compose(message(project))
    assert mail["To"] == "data@shop.example"
    assert mail["Subject"] == "shop: error — half of <b>Ada</b> is gone"
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert "2024-10-04" in plain.get_content()
    assert "&lt;b&gt;Ada&lt;/b&gt;" in html.get_content()


def test_a_webhook_says_that_it_is_an_alert(project: Project) -> None:
    body = msgspec.json.decode(body_of(message(project)))
    assert (body["type"], body["data"]["alert"]["count"], body["data"]["alert"]["worst"]) == ("alert", 1, "error")
