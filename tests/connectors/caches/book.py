"""A stand-in for the runner that a test writes by hand: people, their segments and traits, and the two logs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pyarrow as pa

from coterie.engine.running.answers import ChangeRow, MembershipState, Page, Phase, ProfileState, Status, TraitState
from coterie.model import MERGE, SET, UNMERGE
from coterie.storage.log import SCHEMA


class Book:
    """What a follower asks of the runner, over dictionaries."""

    def __init__(self) -> None:
        self.people: dict[str, dict[str, Any]] = {}
        self.segments: dict[str, set[str]] = {}
        self.gone: dict[str, str] = {}
        self.rows: list[dict[str, Any]] = []
        self.log: list[ChangeRow] = []
        self.ready = True

    # ── what happens ─────────────────────────────────────────────────────────────────────────────────────────

    def set(self, profile: str, **traits: Any) -> None:
        """The person has these traits."""
        self.people.setdefault(profile, {}).update(traits)
        self._row(SET, profile, traits)

    def enter(self, segment: str, *profiles: str) -> None:
        """They are members."""
        for profile in profiles:
            self.people.setdefault(profile, {})
            self.segments.setdefault(segment, set()).add(profile)
            self._change(segment, profile, "entered")

    def leave(self, segment: str, *profiles: str) -> None:
        """They are members no more."""
        for profile in profiles:
            self.segments[segment].discard(profile)
            self._change(segment, profile, "exited")

    def erase(self, profile: str) -> None:
        """Nobody ever heard of them; no change says so."""
        del self.people[profile]
        for members in self.segments.values():
            members.discard(profile)

    def merge(self, survivor: str, loser: str) -> None:
        """Both are the survivor."""
        self._row(MERGE, survivor, {"loser": loser})
        self.people[survivor] = self.people.pop(loser) | self.people.get(survivor, {})
        self.gone[loser] = survivor
        for segment, members in self.segments.items():
            if loser in members:
                self.leave(segment, loser)

    def unmerge(self, survivor: str, loser: str, **traits: Any) -> None:
        """The loser is somebody of their own again."""
        self._row(UNMERGE, survivor, {"loser": loser})
        del self.gone[loser]
        self.people[loser] = traits

    def _row(self, name: str, profile: str, properties: dict[str, Any]) -> None:
        told = {"id": f"r{len(self.rows)}", "name": name, "profile": profile}
        self.rows.append({**told, "properties": msgspec.json.encode(properties).decode()})

    def _change(self, segment: str, profile: str, direction: str) -> None:
        told: dict[str, Any] = {
            "segment": segment,
            "version": 1,
            "profile": profile,
            "direction": direction,
            "cause": "event",
        }
        self.log.append(ChangeRow(sequence=len(self.log) + 1, at=0, event_id="", position=0, **told))

    # ── what is asked ────────────────────────────────────────────────────────────────────────────────────────

    def status(self) -> Status:
        return Status(
            phase=Phase.RUNNING,
            ready=self.ready,
            note="",
            progress=1,
            journal_head=0,
            journal_position=0,
            log_position=len(self.rows),
            landed_position=0,
            advanced_to=0,
            sequence=len(self.log),
            snapshot_position=0,
            snapshot_at=0,
        )

    def changes(self, after: int = 0, limit: int = 1000, segment: str = "", profile: str = "") -> Page[ChangeRow]:
        rows = tuple(self.log[after : after + limit])
        return Page(rows=rows, next=after + limit if after + limit < len(self.log) else None, sequence=len(self.log))

    def profile(self, profile: str) -> ProfileState | None:
        name = profile
        while name in self.gone:
            name = self.gone[name]
        if name not in self.people:
            return None
        present = sorted(key for key, members in self.segments.items() if name in members)
        return ProfileState(
            profile=name,
            asked_for=profile,
            first_seen=0,
            traits={key: TraitState(value, 0) for key, value in self.people[name].items()},
            memberships=tuple(
                MembershipState(segment=key, version=1, since=0, cause="event", event_id="") for key in present
            ),
            absorbed=tuple(sorted(loser for loser, into in self.gone.items() if into == name)),
        )

    def profiles(self, after: str = "", limit: int = 1000) -> Page[str]:
        names = sorted(name for name in self.people if name > after)
        rows = tuple(names[:limit])
        return Page(rows=rows, next=rows[-1] if len(names) > limit else None, sequence=len(self.log))

    def counts(self) -> dict[str, int]:
        return {key: len(members) for key, members in self.segments.items()}

    def history(self, after: int = 0, until: int | None = None, rows_max: int = 500_000) -> Iterator[pa.Table]:
        rows = self.rows[after:until]
        fields = [SCHEMA.field(name) for name in ("name", "profile", "properties")]
        if rows:
            yield pa.Table.from_pylist(rows, pa.schema(fields))
