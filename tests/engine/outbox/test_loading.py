"""What a project says about triggers is checked as a whole, with or without the server's environment."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import jsonschema
import pytest
import yaml

from coterie.engine.outbox.content import sample_of
from coterie.engine.outbox.loading import load, problems_of
from coterie.errors import InvalidDefinition
from tests.docs.blocks import ROOT
from tests.triggers.world import trigger

EXAMPLE = ROOT / "examples" / "cart-recovery"
SEGMENTS = {"high-intent-at-risk"}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLE, tmp_path / "shop"))


def change(file: Path, before: str, after: str) -> None:
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))


def test_a_project_may_have_none_of_it(tmp_path: Path) -> None:
    loaded = load(tmp_path, set(), {})
    assert (loaded.triggers, loaded.contents, loaded.destinations) == ((), {}, {})


def test_files_are_checked_whatever_the_environment(shop: Path) -> None:
    assert problems_of(shop, SEGMENTS) == []
    with pytest.raises(InvalidDefinition) as told:
        load(shop, SEGMENTS, {"SMTP_HOST": "x"})
    assert {problem.received for problem in told.value.problems} == {"${SMTP_USER}", "${SMTP_PASSWORD}"}


def test_everything_that_is_wrong_is_told_together(shop: Path) -> None:
    change(shop / "triggers" / "cart-recovery.yaml", "high-intent-at-risk", "high-intent-at-rsk")
    change(shop / "destinations" / "shop-mail.yaml", "profile.id", "profile.token")
    change(shop / "templates" / "cart-recovery" / "text.liquid", "The shop", "{{ traits.shop }}")
    said = "\n".join(map(str, problems_of(shop, SEGMENTS)))
    for part in (
        "did you mean 'high-intent-at-risk'?",
        "destinations/shop-mail.yaml: unsubscribe",
        "traits.shop is undefined",
    ):
        assert part in said, said


def test_a_template_that_is_not_there_is_told(shop: Path) -> None:
    change(shop / "triggers" / "cart-recovery.yaml", "template: cart-recovery", "template: cart-recovry")
    (problem,) = problems_of(shop, SEGMENTS)
    assert (problem.received, problem.hint) == ("cart-recovry", "did you mean 'cart-recovery'?")


def test_a_template_does_not_lead_out_of_its_folder(shop: Path) -> None:
    (shop / "subject.liquid").write_text("x")
    change(shop / "triggers" / "cart-recovery.yaml", "template: cart-recovery", "template: ..")
    (problem,) = problems_of(shop, SEGMENTS)
    assert problem.what == "no template of this name"


def test_what_the_trigger_writes_takes_the_place_of_the_template(shop: Path) -> None:
    change(shop / "triggers" / "cart-recovery.yaml", "sample:", "content: {subject: Short}\nsample:")
    loaded = load(shop, SEGMENTS, dict.fromkeys(("SMTP_HOST", "SMTP_USER", "SMTP_PASSWORD"), "x"))
    assert loaded.contents["cart-recovery"]["subject"] == "Short"
    assert "The shop" in loaded.contents["cart-recovery"]["text"]


def test_the_sample_is_what_the_trigger_says() -> None:
    one = trigger(
        when={"event": "booked"}, sample={"traits": {"a.b": 1}, "event": {"n": 2}, "gathered": {"x": {"p": 3}}},
        gather={"x": {"event": "y"}, "z": {"event": "y"}},
    )  # fmt: skip
    told = sample_of(one)
    assert told["profile"]["traits"] == {"email": "sample@example.com", "a.b": 1}
    assert (told["event"]["name"], told["event"]["properties"]) == ("booked", {"n": 2})
    assert [item["properties"] for item in told["gathered"]["x"]] == [{"p": 3}]
    assert told["segment"] is None
    assert sample_of(trigger())["change"]["direction"] == "entered"


@pytest.mark.parametrize(
    "file", sorted([*EXAMPLE.glob("triggers/*.yaml"), *EXAMPLE.glob("destinations/*.yaml")]), ids=lambda file: file.stem
)
def test_editors_accept_the_example(file: Path) -> None:
    noun = file.parent.name.removesuffix("s")
    schema = json.loads((ROOT / "docs" / f"{noun}.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(yaml.safe_load(file.read_text()))
