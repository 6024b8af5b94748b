"""A story through HTTP: a real server whose clock the story moves; events as SDKs send them, everything else by its route."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import httpx
import msgspec

from coterie.engine.apply import apply
from coterie.engine.project import Project
from coterie.model import IDENTIFY, MERGE, SET, SYSTEM_PREFIX, UNMERGE, Event
from coterie.segments.instants import instant_of, rfc3339
from coterie.segments.parse import yaml_text
from tests.serving import Serving
from tests.stories.readers import Shelf
from tests.stories.script import Expected, Step, Story

EVENTS_PER_REQUEST = 2_000
NOTHING_TO_DO = ("one person already", "was not absorbed by", "no profile 'stranger'")
"""What a merge or an unmerge that changes nothing is answered."""
GHOSTS = frozenset({"stranger"})
"""People whom a story names only in a record that the interface refuses: an unmerge of somebody who was never seen."""
NAMELESS = {"anonymous": "browser-1", "none": "browser-2"}
"""People of stories whose names no user id may be: name in the story → what their browser calls them."""
_encode = msgspec.json.Encoder().encode


class Served:
    """A server walking through a story, asked over HTTP only."""

    def __init__(self, story: Story, folder: Path) -> None:
        self.server = Serving(folder, clock="manual", settings={"time_zone": "UTC"})
        self.shelf = Shelf(story.segments)
        self.sent: set[str] = set()
        self.now = 0
        self.last_request_at = -1
        self.drift = 0
        """Microseconds by which stamps of one instant went on, because its records came in several requests."""
        if story.segments:
            self.write(story.segments)
            apply(Project(folder), 0)
        self.server.start()

    def close(self) -> None:
        self.server.close()

    # ── what happens ─────────────────────────────────────────────────────────────────────────────────────────

    def walk(self, step: Step) -> None:
        """Let everything that ``step`` says happen."""
        if step.crash:
            self.server.kill()
            self.server.start()
        elif step.restart:
            self.server.restart()
        self.drift = 0
        for at, records in groupby(step.told, lambda event: event.received_at):
            self.send(at, list(records))
        self.move(step.at)
        if step.thresholds:
            self.publish(step)
        if step.edits:
            self.shelf.edit(step)
            for key in step.remove:
                (self.server.folder / "segments" / f"{key}.yaml").unlink()
            self.write(step.define)
            self.admin("POST", "/v1/definitions/apply")

    def move(self, at: int) -> None:
        """The clock reads ``at``, and every timer that is due has fired."""
        if at > self.now:
            self.admin("POST", "/v1/clock", {"at": rfc3339(at)})
            self.now = at

    def send(self, at: int, records: list[Event]) -> None:
        """What arrives at one instant is sent: calls of SDKs in one request, facts each by its route, in order."""
        self.move(at - 1)
        for own, some in groupby(
            records, lambda event: event.name.startswith(SYSTEM_PREFIX) and event.name != IDENTIFY
        ):
            batch = list(some)
            if not own:
                for first in range(0, len(batch), EVENTS_PER_REQUEST):
                    self.collect([call_of(event) for event in batch[first : first + EVENTS_PER_REQUEST]])
                continue
            for event in batch:
                if event.id not in self.sent:
                    self.fact(event)
        self.sent |= {event.id for event in records}

    def collect(self, calls: list[dict[str, Any]]) -> None:
        answer = self.server.writing.post(
            "/v1/batch", content=_encode({"batch": calls}), headers={"content-type": "application/json"}
        )
        assert answer.status_code == 200, answer.text
        self.drift += 1

    def fact(self, event: Event) -> None:
        """One of the facts that people write through the API: merges, consent, lists, hands, other traits."""
        who, said = id_of(event.profile), event.properties
        if event.name in (MERGE, UNMERGE):
            word = "merge" if event.name == MERGE else "unmerge"
            body = {"profile": who, "loser": said["loser"], "why": "the story"}
            self.admin("POST", f"/v1/identities/{word}", body, but=NOTHING_TO_DO)
            return
        assert event.name == SET, event.name
        for name, value in said.items():
            kind, _, rest = name.partition(".")
            if kind == "list":
                self.admin("POST", f"/v1/lists/{rest}", {"add" if value else "remove": [who]})
            elif kind == "manual":
                self.admin("PUT", f"/v1/segments/{rest}/members/{who}", {"state": value})
            elif kind == "consent":
                self.admin("PUT", f"/v1/profiles/{who}/consent", {rest: value})
            else:
                self.admin("PUT", f"/v1/profiles/{who}/traits", {name: value})

    def publish(self, step: Step) -> None:
        """New threshold versions lie in the project's folder, where ``coterie thresholds`` puts them."""
        from coterie.storage.thresholds import ThresholdStore

        store = ThresholdStore(self.server.folder / "thresholds")
        for key, cuts in step.thresholds.items():
            store.publish(
                key, {"published_at": rfc3339(step.at), "cuts": {name: list(cut) for name, cut in cuts.items()}}
            )

    def write(self, define: dict[str, Any]) -> None:
        """The definitions lie in the project's folder."""
        folder = self.server.folder / "segments"
        folder.mkdir(exist_ok=True)
        for key in define:
            text = yaml_text(self.shelf.written[key])
            (folder / f"{key}.yaml").write_text(text, encoding="utf-8")

    # ── what is asked ────────────────────────────────────────────────────────────────────────────────────────

    def admin(self, method: str, path: str, body: Any = None, but: Sequence[str] = ()) -> Any:
        """Return the answer to an admin's request, which must succeed, or say one thing of ``but``."""
        content = None if body is None else _encode(body)
        answer = self.server.admin.request(method, path, content=content)
        assert answer.is_success or any(word in answer.text for word in but), (
            f"{method} {path}: {answer.status_code} {answer.text}"
        )
        self.drift += method != "GET" and not path.startswith("/v1/clock")
        return answer.json()

    def get(self, path: str, **query: Any) -> httpx.Response:
        return self.server.reading.get(path, params={"after": "latest", **query})

    def members(self, key: str) -> frozenset[str]:
        """Return who is in a segment, asked page by page, and check that the count says the same."""
        found: list[str] = []
        cursor: str | None = None
        while True:
            answer = self.get(f"/v1/segments/{key}/members", limit=1000, **({"cursor": cursor} if cursor else {}))
            assert answer.status_code == 200, answer.text
            page = answer.json()
            found += [name_of(row["profile"]) for row in page["rows"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert len(set(found)) == len(found) == self.get(f"/v1/segments/{key}").json()["size"]
        return frozenset(found)

    def keys(self) -> set[str]:
        """Return the keys of the segments that there are."""
        return {row["key"] for row in self.get("/v1/segments").json()["rows"]}

    def changes(self) -> list[Expected]:
        """Return every change so far, in order."""
        return list(self._changes())

    def _changes(self) -> Iterator[Expected]:
        cursor = 0
        while True:
            page = self.get("/v1/changes", cursor=cursor, limit=1000).json()
            for row in page["rows"]:
                at = row["at"] if isinstance(row["at"], int) else _instant(row["at"])
                yield Expected(at, name_of(row["profile"]), row["segment"], row["direction"], row["cause"])
            if page["next"] is None:
                return
            cursor = page["next"]

    def quarantined(self) -> int:
        """Return how many events were refused."""
        return len(self.get("/v1/quarantine", limit=1000).json()["rows"])


def id_of(who: str) -> str:
    """Return the profile id of somebody of a story."""
    return f"anonymous_id:{NAMELESS[who]}" if who in NAMELESS else who


def name_of(profile: str) -> str:
    """Return what a story calls the person with a profile id."""
    return next((who for who in NAMELESS if id_of(who) == profile), profile)


def call_of(event: Event) -> dict[str, Any]:
    """Return the call of a tracking SDK that says what ``event`` says."""
    who = event.profile
    said = {"anonymousId": NAMELESS[who]} if who in NAMELESS else {"userId": who}
    call = {"messageId": event.id, **said, "timestamp": rfc3339(event.occurred_at)}
    if event.name == IDENTIFY:
        return {**call, "type": "identify", "traits": event.properties}
    return {**call, "type": "track", "event": event.name, "properties": event.properties}


def _instant(text: str) -> int:
    at = instant_of(text)
    assert at is not None, text
    assert datetime.fromisoformat(text.replace("Z", "+00:00")).tzinfo is not None
    return at
