"""Every story through HTTP, against a running server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from coterie.segments.parse import yaml_text
from tests.serving import Serving
from tests.stories.readers import Shelf
from tests.stories.script import Expected, Refusal, stories
from tests.stories.served import GHOSTS, Served
from tests.stories.test_stories import EACH, Story, in_place, said

STORIES = stories()


@EACH
def test_through_http(story: Story, tmp_path: Path) -> None:
    served, seen, quarantined = Served(story, tmp_path / "shop"), 0, 0
    try:
        for step in story.steps:
            served.walk(step)
            for key, members in step.expect.items():
                assert served.members(key) == members - GHOSTS, said(key, step)
            if step.changes is not None:
                found = served.changes()
                assert_same(found[seen:], [one for one in step.changes if one.who not in GHOSTS])
                seen = len(found)
            quarantined += step.quarantined_expected
            assert served.quarantined() == quarantined
            assert not set(step.gone) & served.keys()
    finally:
        served.close()


def assert_same(found: list[Expected], expected: list[Expected]) -> None:
    """The same changes in the same order. A stamp may lie some microseconds later: requests of one instant follow each other."""
    told, wanted = in_place(found), in_place(expected)
    plain = [
        (one.who, one.segment, one.direction, one.cause) for one in sorted(told, key=lambda one: (one.who, one.at))
    ]
    asked = [
        (one.who, one.segment, one.direction, one.cause) for one in sorted(wanted, key=lambda one: (one.who, one.at))
    ]
    assert plain == asked
    assert [one for one, other in zip(told, wanted, strict=True) if not 0 <= one.at - other.at <= 20] == []


REFUSALS = [(story, refusal) for story in STORIES for refusal in story.refuses]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with Serving(tmp_path_factory.mktemp("refusing") / "shop", clock="manual") as one:
        yield one


@pytest.mark.parametrize(("story", "refusal"), REFUSALS, ids=[f"{s.name}-{n}" for n, (s, _) in enumerate(REFUSALS)])
def test_what_cannot_be_saved_is_refused_over_http(server: Serving, story: Story, refusal: Refusal) -> None:
    folder = server.folder / "segments"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for key, written in Shelf.written_of(refusal.segments).items():
        (folder / f"{key}.yaml").write_text(yaml_text(written), encoding="utf-8")
    answer = server.admin.post("/v1/definitions/apply")
    assert answer.status_code == 422, refusal.because
    for word in refusal.says:
        assert word in answer.text, refusal.because
