"""Keys with scopes: who may write events, who may read, who may change definitions."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import threading
from typing import Literal, get_args

import msgspec
from msgspec import Struct

from coterie.clock import Clock
from coterie.errors import NotFound, Problem
from coterie.limits import DEFAULT, Limits
from coterie.storage.access import AccessStore, AuditRow, KeyRow
from coterie.values import canonical

Scope = Literal["write", "read", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
_WRITE, _READ = frozenset({"write"}), frozenset({"read"})
GRANTS: dict[str, frozenset[str]] = {"write": _WRITE, "read": _READ, "admin": frozenset(SCOPES)}
"""Scope of a key → what it may do. A write key sits in browsers, so that it may not read; an admin key may do everything."""
_FORM = re.compile(r"ck_(write|read|admin)_[A-Za-z0-9_-]{43}")


class KeyFound(Struct, frozen=True, gc=False):
    """A key that may do what was asked."""

    id: str
    name: str
    scope: Scope


class Actor(Struct, frozen=True, kw_only=True):
    """Who does something, for the audit log: a key, and the address and request that it came by."""

    key_id: str = ""
    key_name: str = "this machine"
    origin: str = ""
    request_id: str = ""


HERE = Actor()
"""The person at the machine itself, who can read and write the files anyway."""


class Issued(Struct, frozen=True, kw_only=True):
    """A key whose text is told this once. ``text`` cannot be had again."""

    key: KeyRow
    text: str


class Keys:
    """Every key, in memory and in the store.

    A secret is 256 random bits. SHA-256 of it suffices for keeping: salts and slow hashes protect what people choose, by making
    guesses expensive; 2**256 values cannot be guessed at any speed. The digest, not the text, is looked up, so that the time a
    lookup takes tells nothing about a text; it is then compared in constant time.
    """

    def __init__(self, store: AccessStore, clock: Clock, limits: Limits = DEFAULT) -> None:
        self._store, self._clock, self._limits = store, clock, limits
        self._changing = threading.RLock()
        self._rows: dict[str, KeyRow] = {row.id: row for row in store.key_rows()}
        self._edition = store.edition()
        self._used: dict[str, int] = {}
        self._known: dict[bytes, tuple[bytes, KeyFound, int]] = {}
        self._learn()

    def _learn(self) -> None:
        """Every digest that works is in ``_known``, with the instant from which on it does not."""
        known: dict[bytes, tuple[bytes, KeyFound, int]] = {}
        never = 1 << 62
        for row in self._rows.values():
            if row.revoked_at is not None or row.scope not in GRANTS:
                continue
            found = KeyFound(row.id, row.name, row.scope)  # type: ignore[arg-type]
            end = never if row.expires_at is None else row.expires_at
            known[row.digest] = (row.digest, found, end)
            if row.digest_before is not None and row.before_until is not None:
                known[row.digest_before] = (row.digest_before, found, min(end, row.before_until))
        self._known = known

    def check(self, text: str, scope: Scope) -> KeyFound | None:
        """Return the key with this text if it may do ``scope`` now, else ``None``. Cost: about 1 µs."""
        found = self.find(text)
        return found if found is not None and scope in GRANTS[found.scope] else None

    def find(self, text: str) -> KeyFound | None:
        """Return the key with this text whatever it may do, ``None`` when no key has it (any more). Cost: about 1 µs."""
        digest = hashlib.sha256(text.encode(errors="replace")).digest()
        entry = self._known.get(digest)
        if entry is None or not hmac.compare_digest(digest, entry[0]):
            return None
        now = self._clock.now()
        if now >= entry[2]:
            return None
        self._used[entry[1].id] = now
        return entry[1]

    def rate(self, key_id: str) -> float:
        """Return the events or requests per second that a key may send, 0 for no bound."""
        row = self._rows.get(key_id)
        return row.events_per_s if row else 0.0

    # ── changes ──────────────────────────────────────────────────────────────────────────────────────────────

    def bootstrap(self) -> dict[Scope, str]:
        """Return the texts of an admin, a read and a write key that were made because there was no key at all, else nothing."""
        if self._rows:
            return {}
        return {scope: self.create(f"first {scope} key", scope, HERE).text for scope in ("admin", "read", "write")}

    def create(
        self, name: str, scope: Scope, by: Actor, *, expires_at: int | None = None, events_per_s: float = 0.0
    ) -> Issued:
        """Return a new key. Raises: Problem for a scope, a name, a rate or an instant that cannot be."""
        now = self._clock.now()
        if scope not in SCOPES:
            raise Problem("unknown scope", where="scope", received=scope, allowed=" | ".join(SCOPES))
        if not 1 <= len(name) <= self._limits.key_name_max:
            allowed = f"1 to {self._limits.key_name_max} characters"
            raise Problem("a key needs a name to know it by", where="name", received=name, allowed=allowed)
        if expires_at is not None and expires_at <= now:
            raise Problem("the key would be expired at once", where="expires_at", allowed="an instant that is to come")
        if not 0 <= events_per_s < float("inf"):
            raise Problem("not a rate", where="events_per_s", received=events_per_s, allowed="0 (no bound) or more")
        text = _text(scope)
        row = KeyRow(
            id=f"k_{secrets.token_hex(6)}", name=name, scope=scope, digest=_digest(text), created_at=now,
            expires_at=expires_at, events_per_s=float(events_per_s),
        )  # fmt: skip
        with self._changing:
            self._keep(row, None, "key.create", by)
        return Issued(key=row, text=text)

    def rotate(self, key_id: str, by: Actor, *, grace_us: int | None = None) -> Issued:
        """Return the key with a new text; the old one works for ``grace_us`` longer. Raises: NotFound, Problem."""
        row = self.row(key_id)
        if row.revoked_at is not None:
            raise Problem("the key was revoked", where=key_id, hint="make a new one")
        grace = self._limits.key_grace_us if grace_us is None else grace_us
        if not 0 <= grace <= self._limits.key_grace_us_max:
            allowed = f"0 to {self._limits.key_grace_us_max // 1_000_000} s"
            raise Problem("not a grace period", where="grace", received=grace, allowed=allowed)
        text = _text(row.scope)
        after = msgspec.structs.replace(
            row, digest=_digest(text), digest_before=row.digest if grace else None,
            before_until=self._clock.now() + grace if grace else None,
        )  # fmt: skip
        with self._changing:
            self._keep(after, row, "key.rotate", by)
        return Issued(key=after, text=text)

    def revoke(self, key_id: str, by: Actor) -> KeyRow:
        """Return the key, which from now on nobody can use. Raises: NotFound; Problem for the last admin key."""
        with self._changing:
            return self._revoke(key_id, by)

    def _revoke(self, key_id: str, by: Actor) -> KeyRow:
        row = self.row(key_id)
        if row.revoked_at is not None:
            return row
        now = self._clock.now()
        admins = [one.id for one in self._rows.values() if one.scope == "admin" and _works(one, now)]
        if admins == [key_id]:
            raise Problem("this is the last admin key", where=key_id, hint="make another admin key first")
        after = msgspec.structs.replace(row, revoked_at=now, digest_before=None, before_until=None)
        self._keep(after, row, "key.revoke", by)
        return after

    def row(self, key_id: str) -> KeyRow:
        """Return the key with that id. Raises: NotFound."""
        row = self._rows.get(key_id)
        if row is None:
            raise NotFound(f"no key {key_id!r}", hint="see them: GET /v1/keys")
        return msgspec.structs.replace(row, used_at=self._used.get(key_id, row.used_at))

    def rows(self) -> list[KeyRow]:
        """Return every key, oldest first, revoked ones included."""
        return [self.row(key_id) for key_id in self._rows]

    def refresh(self) -> None:
        """Keys that another process made, rotated or revoked are known as they are now. Cost: some µs when there is nothing new."""
        edition = self._store.edition()
        if edition != self._edition:
            with self._changing:
                self._rows = {row.id: row for row in self._store.key_rows()}
                self._edition = edition
                self._learn()

    def flush(self) -> None:
        """When each key was last used is kept in the store. Cost: one commit if any key was used since."""
        used, self._used = self._used, {}
        if used:
            self._store.used(used)
            for key_id, at in used.items():
                self._rows[key_id] = msgspec.structs.replace(self._rows[key_id], used_at=at)

    def _keep(self, row: KeyRow, before: KeyRow | None, action: str, by: Actor) -> None:
        said = AuditRow(
            at=self._clock.now(), key_id=by.key_id, key_name=by.key_name, action=action, subject=f"key:{row.id}",
            before=canonical(_told(before)), after=canonical(_told(row)), origin=by.origin, request_id=by.request_id,
        )  # fmt: skip
        self._store.put(row, said)
        self._rows[row.id] = row
        self._learn()


def is_key(text: str) -> bool:
    """Return whether a text has the form of a key."""
    return _FORM.fullmatch(text) is not None


def _text(scope: str) -> str:
    return f"ck_{scope}_{secrets.token_urlsafe(32)}"


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="replace")).digest()


def _works(row: KeyRow, now: int) -> bool:
    return row.revoked_at is None and (row.expires_at is None or row.expires_at > now)


def _told(row: KeyRow | None) -> dict[str, object] | None:
    """Return a key as the audit log tells it: without its digests."""
    if row is None:
        return None
    return {name: getattr(row, name) for name in row.__struct_fields__ if not name.startswith("digest")}
