"""The scenarios of identity against a running server: I1, I2, I3, and a merge that is taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serving import Serving
from tests.web.conftest import send

TWICE = "key: twice\nwhen: {did: {event: visited, at_least: 2}}\n"
CALM = "key: calm\nwhen: {did_not: {event: complained}}\n"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Serving]:
    with Serving(
        tmp_path / "shop", clock="manual", files={"segments/twice.yaml": TWICE, "segments/calm.yaml": CALM}
    ) as one:
        one.admin.post("/v1/clock", json={"at": "2026-03-01T12:00:00Z"}).raise_for_status()
        yield one


def visit(message: str, *, user: str | None = None, browser: str | None = None) -> dict[str, Any]:
    return {"type": "track", "event": "visited", "userId": user, "anonymousId": browser, "messageId": message}


def members(shop: Serving, key: str) -> set[str]:
    answer = shop.reading.get(f"/v1/segments/{key}/members", params={"after": "latest", "timeout": 30})
    answer.raise_for_status()
    return {row["profile"] for row in answer.json()["rows"]}


def changes(shop: Serving) -> list[tuple[str, str, str, str]]:
    rows = shop.reading.get("/v1/changes", params={"after": "latest"}).json()["rows"]
    return [(row["segment"], row["profile"], row["direction"], row["cause"]) for row in rows]


def identifiers(shop: Serving, profile: str) -> set[tuple[str, str]]:
    told = shop.reading.get(f"/v1/profiles/{profile}", params={"include": "identifiers", "after": "latest"}).json()
    return {(one["kind"], one["value"]) for one in told["identifiers"]}


def test_i1_one_and_one_are_two_and_a_replayed_merge_adds_nothing(shop: Serving) -> None:
    send(shop, visit("1", user="ada"), visit("2", browser="b1"))
    assert members(shop, "twice") == set()
    login = {"type": "identify", "userId": "ada", "anonymousId": "b1", "messageId": "3"}
    send(shop, login)
    assert members(shop, "twice") == {"ada"}
    assert ("twice", "ada", "entered", "merge") in changes(shop)
    before = changes(shop)
    send(shop, login, {**login, "messageId": "4"})
    send(shop, {"type": "alias", "previousId": "b1", "userId": "ada", "messageId": "5"})
    assert changes(shop) == before


def test_i1_a_crash_between_the_halves_doubles_and_loses_nothing(shop: Serving) -> None:
    send(shop, visit("1", user="ada"))
    answer = shop.writing.post("/v1/batch", json={"batch": [visit("2", browser="b1")]})
    shop.kill()
    assert answer.status_code == 200
    shop.start()
    send(shop, {"type": "identify", "userId": "ada", "anonymousId": "b1", "messageId": "3"}, visit("2", browser="b1"))
    shop.kill()
    shop.start()
    assert members(shop, "twice") == {"ada"}
    moves = [one for one in changes(shop) if one[0] == "twice"]
    assert moves == [("twice", "ada", "entered", "merge")]


def test_i2_later_events_of_the_loser_are_the_survivors_and_the_loser_is_in_nothing(shop: Serving) -> None:
    send(shop, visit("1", browser="b1"))
    assert members(shop, "calm") == {"anonymous_id:b1"}
    send(shop, {"type": "identify", "userId": "ada", "anonymousId": "b1", "messageId": "2"})
    assert members(shop, "calm") == {"ada"}
    assert ("calm", "anonymous_id:b1", "exited", "merge") in changes(shop)
    send(shop, visit("3", browser="b1"))
    assert members(shop, "twice") == {"ada"}
    told = shop.reading.get("/v1/profiles/anonymous_id:b1").json()
    assert told["profile"] == "ada"


def test_i3_somebody_else_on_the_same_browser_is_somebody_else(shop: Serving) -> None:
    send(shop, visit("1", browser="b1"), {"type": "identify", "userId": "ada", "anonymousId": "b1", "messageId": "2"})
    send(shop, {"type": "identify", "userId": "bob", "anonymousId": "b1", "messageId": "3"})
    send(shop, visit("4", browser="b1"), visit("5", browser="b1"))
    assert members(shop, "twice") == {"bob"}
    assert members(shop, "calm") == {"ada", "bob"}
    assert ("anonymous_id", "b1") in identifiers(shop, "bob")
    assert ("anonymous_id", "b1") not in identifiers(shop, "ada")


def test_a_merge_taken_back_gives_both_their_own(shop: Serving) -> None:
    send(shop, visit("1", user="ada"), visit("2", browser="b1"), visit("3", browser="b1"))
    send(shop, {"type": "identify", "userId": "ada", "anonymousId": "b1", "messageId": "4"})
    assert members(shop, "twice") == {"ada"}
    answer = shop.admin.post("/v1/identities/unmerge", json={"profile": "ada", "loser": "anonymous_id:b1"})
    assert answer.status_code == 200, answer.text
    assert members(shop, "twice") == {"anonymous_id:b1"}
    assert ("twice", "ada", "exited", "unmerge") in changes(shop)
    shop.kill()
    shop.start()
    send(shop, visit("5", browser="b1"), visit("6", user="ada"))
    assert members(shop, "twice") == {"anonymous_id:b1", "ada"}
