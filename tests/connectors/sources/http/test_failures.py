"""What an interface answers when it refuses, as the failures by which the follower knows whether to try again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from coterie.connectors.sources.failures import (
    Absent,
    CredentialsRefused,
    RateLimited,
    SchemaChanged,
    Truncated,
    Unreachable,
    Unreadable,
)
from coterie.connectors.sources.source import Source
from tests.connectors.sources.contract import pages, refuses
from tests.connectors.sources.http.api import Answer, Api
from tests.connectors.sources.http.test_rest import KINDS, SINCE, follow, ids
from tests.servers import free_port

Opened = Callable[..., Source]
FIELDS = {**KINDS["/cursor"], **SINCE}


def answers(shop: Api, answer: Answer, after: int = 0) -> None:
    def trouble(path: str, asked: dict[str, Any], headers: dict[str, str]) -> None:
        if len(shop.got) > after:
            raise answer

    shop.trouble = trouble


@pytest.mark.parametrize("status", [401, 403])
def test_wrong_credentials(status: int, shop: Api, opened: Opened) -> None:
    answers(shop, Answer(status, {"error": "who are you?"}))
    error = refuses(CredentialsRefused, lambda: pages(opened("/cursor", **FIELDS, authentication={"bearer": "${WRONG}"})), "who are you?")  # fmt: skip
    assert "wr0ng" not in str(error)
    assert not error.retry


def test_a_refused_token_is_wrong_credentials(shop: Api, opened: Opened) -> None:
    form = {"oauth2": {"token_url": f"{shop.url}/token", "client": "us", "secret": "${WRONG}"}}
    refuses(CredentialsRefused, lambda: pages(opened("/cursor", **FIELDS, authentication=form)), "token was refused")


LIMITS: dict[str, tuple[Callable[[], Answer], float]] = {
    "429 and seconds": (lambda: Answer(429, retry_after="7"), 7),
    "429": (lambda: Answer(429), 0),
    "503 and seconds": (lambda: Answer(503, retry_after="9"), 9),
    "403 and an instant": (
        lambda: Answer(403, x_ratelimit_remaining="0", x_ratelimit_reset=str(int(time.time()) + 10_000)),
        10_000,
    ),
    "429 and the draft's names": (lambda: Answer(429, ratelimit_remaining="0", ratelimit_reset="30"), 30),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_a_rate_limit_says_how_long_and_reading_goes_on_after(limit: str, shop: Api, opened: Opened) -> None:
    answer, patience = LIMITS[limit]
    answers(shop, answer(), after=3)
    kept, position = list[int](), dict[str, Any]()

    def read() -> None:
        for page in opened("/cursor", **FIELDS).read({}):
            kept.extend(ids([page]))
            position.update(page.position)

    with pytest.raises(RateLimited) as caught:
        read()
    assert caught.value.retry
    assert caught.value.retry_after_s == pytest.approx(patience, abs=2)
    shop.trouble = lambda path, asked, headers: None
    rest, _ = follow(opened("/cursor", **FIELDS), position)
    assert kept + rest == list(range(30))


def test_a_cut_off_answer_is_truncated(shop: Api, opened: Opened) -> None:
    shop.cut = True
    error = refuses(Truncated, lambda: pages(opened("/cursor", **FIELDS)))
    assert error.retry
    shop.cut = False
    answers(shop, Answer(200, b'{"items": [{"id": 1}'))
    refuses(Truncated, lambda: pages(opened("/cursor", **FIELDS)), "middle of its JSON")


@pytest.mark.parametrize(
    ("answer", "error", "word"),
    [
        (Answer(404), Absent, "path"),
        (Answer(500, {"error": "oh"}), Unreachable, "oh"),
        (Answer(400, {"error": "limit too large"}), Unreadable, "limit too large"),
        (Answer(200, b"<html>Sign in</html>"), Unreadable, "Sign in"),
        (Answer(200, {"results": {"a": 1}}), SchemaChanged, "results"),
        (Answer(200, {"items": [{"id": 1}], "meta": {}}), SchemaChanged, "updated_at"),
    ],
)
def test_every_other_refusal(answer: Answer, error: type[Exception], word: str, shop: Api, opened: Opened) -> None:
    answers(shop, answer)
    refuses(error, lambda: pages(opened("/cursor", **FIELDS, rows="items")), word)  # type: ignore[arg-type]


def test_an_answer_that_no_longer_says_whether_there_is_more_is_a_changed_schema(shop: Api, opened: Opened) -> None:
    fields = {"pages": {"page": {"total": "page_count"}}, **SINCE}
    refuses(SchemaChanged, lambda: pages(opened("/page", **fields)), "page_count")


def test_nobody_listening_is_unreachable(opened: Opened) -> None:
    refuses(Unreachable, lambda: pages(opened("/all", **SINCE, url=f"http://127.0.0.1:{free_port()}/all?key=geheim")))


def test_somebody_who_is_silent_is_unreachable(shop: Api, opened: Opened) -> None:
    shop.trouble = lambda path, asked, headers: time.sleep(1.5)
    refuses(Unreachable, lambda: pages(opened("/all", **SINCE, timeout="1s")), "Timeout")
