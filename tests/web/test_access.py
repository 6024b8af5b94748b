"""Keys: who may do what, and for how long."""

from __future__ import annotations

import sqlite3
import timeit
from pathlib import Path

import pytest

from coterie.clock import ManualClock
from coterie.errors import NotFound, Problem
from coterie.limits import DAY_US, HOUR_US
from coterie.storage.access import AccessStore
from coterie.web.access import HERE, Actor, Keys, is_key
from coterie.web.buckets import Limiter

T0 = 1_790_000_000_000_000
ADA = Actor(key_id="k_1", key_name="ada", origin="10.0.0.1", request_id="r1")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(T0)


@pytest.fixture
def store(tmp_path: Path) -> AccessStore:
    return AccessStore(tmp_path / ".coterie" / "access.db")


@pytest.fixture
def keys(store: AccessStore, clock: ManualClock) -> Keys:
    return Keys(store, clock)


def test_the_first_start_makes_three_keys_once(keys: Keys, store: AccessStore, clock: ManualClock) -> None:
    texts = keys.bootstrap()
    assert list(texts) == ["admin", "read", "write"]
    assert all(is_key(text) and text.startswith(f"ck_{scope}_") for scope, text in texts.items())
    assert keys.bootstrap() == {}
    again = Keys(store, clock)
    assert again.bootstrap() == {}
    found = again.check(texts["read"], "read")
    assert found is not None
    assert found.scope == "read"


def test_a_scope_grants_only_what_it_says(keys: Keys) -> None:
    texts = keys.bootstrap()
    may = {
        (held, asked): keys.check(texts[held], asked) is not None
        for held in ("admin", "read", "write")
        for asked in ("admin", "read", "write")
    }
    assert [pair for pair, yes in may.items() if yes] == [
        ("admin", "admin"), ("admin", "read"), ("admin", "write"), ("read", "read"), ("write", "write"),
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "ck_admin_", "ck_admin_" + "A" * 43, "nonsense", "ключ", "\udc80" * 0])
def test_other_texts_are_no_keys(keys: Keys, text: str) -> None:
    keys.bootstrap()
    assert keys.check(text, "read") is None
    assert keys.find(text) is None


def test_the_text_is_nowhere_in_the_files(keys: Keys, tmp_path: Path) -> None:
    texts = keys.bootstrap()
    kept = b"".join(file.read_bytes() for file in (tmp_path / ".coterie").iterdir())
    assert b"first admin key" in kept
    assert not [scope for scope, text in texts.items() if text[-43:].encode() in kept]


def test_only_the_owner_may_read_the_file(keys: Keys, tmp_path: Path) -> None:
    assert (tmp_path / ".coterie" / "access.db").stat().st_mode & 0o077 == 0


def test_a_rotated_key_works_with_both_texts_for_a_while(keys: Keys, clock: ManualClock, store: AccessStore) -> None:
    first = keys.create("shop", "write", ADA)
    second = keys.rotate(first.key.id, ADA, grace_us=HOUR_US)
    assert first.text != second.text
    assert keys.check(first.text, "write") == keys.check(second.text, "write")
    assert Keys(store, clock).check(first.text, "write") is not None
    clock.advance_to(T0 + HOUR_US)
    assert keys.check(first.text, "write") is None
    assert keys.check(second.text, "write") is not None
    third = keys.rotate(first.key.id, ADA, grace_us=0)
    assert keys.check(second.text, "write") is None
    assert keys.check(third.text, "write") is not None


def test_a_key_expires_and_can_be_revoked(keys: Keys, clock: ManualClock) -> None:
    brief = keys.create("brief", "read", ADA, expires_at=T0 + DAY_US)
    lasting = keys.create("lasting", "read", ADA)
    clock.advance_to(T0 + DAY_US - 1)
    assert keys.check(brief.text, "read") is not None
    clock.advance_to(T0 + DAY_US)
    assert keys.check(brief.text, "read") is None
    keys.revoke(lasting.key.id, ADA)
    assert keys.check(lasting.text, "read") is None
    with pytest.raises(Problem, match="revoked"):
        keys.rotate(lasting.key.id, ADA)


def test_the_last_admin_key_stays(keys: Keys) -> None:
    texts = keys.bootstrap()
    (admin,) = [row for row in keys.rows() if row.scope == "admin"]
    assert keys.check(texts["admin"], "admin") is not None
    with pytest.raises(Problem, match="last admin key"):
        keys.revoke(admin.id, ADA)
    second = keys.create("second", "admin", ADA)
    keys.revoke(admin.id, ADA)
    with pytest.raises(Problem, match="last admin key"):
        keys.revoke(second.key.id, ADA)


def test_what_cannot_be_is_refused(keys: Keys) -> None:
    with pytest.raises(Problem, match="unknown scope"):
        keys.create("x", "root", ADA)  # type: ignore[arg-type]
    with pytest.raises(Problem, match="needs a name"):
        keys.create("", "read", ADA)
    with pytest.raises(Problem, match="expired at once"):
        keys.create("x", "read", ADA, expires_at=T0)
    with pytest.raises(Problem, match="not a rate"):
        keys.create("x", "read", ADA, events_per_s=-1.0)
    with pytest.raises(NotFound):
        keys.revoke("k_none", ADA)


def test_last_use_is_kept(keys: Keys, clock: ManualClock, store: AccessStore) -> None:
    made = keys.create("shop", "write", ADA)
    clock.advance_to(T0 + 5)
    keys.check(made.text, "write")
    assert keys.row(made.key.id).used_at == T0 + 5
    keys.flush()
    assert Keys(store, clock).row(made.key.id).used_at == T0 + 5


def test_every_change_of_a_key_is_in_the_audit_log(keys: Keys, store: AccessStore) -> None:
    made = keys.create("shop", "write", ADA)
    keys.rotate(made.key.id, ADA)
    keys.create("admin", "admin", HERE)
    keys.revoke(made.key.id, ADA)
    rows = store.audit()
    assert [row.action for row in rows] == ["key.revoke", "key.create", "key.rotate", "key.create"]
    assert (rows[0].key_id, rows[0].key_name, rows[0].origin, rows[0].request_id) == ("k_1", "ada", "10.0.0.1", "r1")
    assert rows[1].key_name == "this machine"
    assert '"revoked_at":null' in rows[0].before
    assert f'"revoked_at":{T0}' in rows[0].after
    assert "digest" not in "".join(row.before + row.after for row in rows)
    assert [row.sequence for row in store.audit(before=rows[1].sequence)] == [2, 1]
    assert [row.sequence for row in store.audit(subject=f"key:{made.key.id}", action="key.rotate")] == [2]


def test_the_audit_log_cannot_be_rewritten(keys: Keys, tmp_path: Path) -> None:
    keys.bootstrap()
    other = sqlite3.connect(tmp_path / ".coterie" / "access.db")
    for statement in ("UPDATE audit SET key_name = 'nobody'", "DELETE FROM audit"):
        with pytest.raises(sqlite3.IntegrityError, match="kept"):
            other.execute(statement)


def test_a_check_is_cheap(keys: Keys) -> None:
    text = keys.bootstrap()["write"]
    taken = min(timeit.repeat(lambda: keys.check(text, "write"), number=2_000, repeat=5)) / 2_000
    assert taken < 20e-6, "a digest and a look-up; the measured figure is in docs/performance.md"


# ── rates ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_bucket_lets_the_rate_through_and_says_when_to_come_again() -> None:
    now = [100.0]
    limiter = Limiter(lambda key: 10.0, monotonic=lambda: now[0])
    assert limiter.take("k", 20) == 0.0
    assert limiter.take("k", 5) == pytest.approx(0.5)
    now[0] += 0.5
    assert limiter.take("k", 5) == 0.0
    assert limiter.take("other", 1) == 0.0


def test_a_request_larger_than_the_bucket_is_paid_off_afterwards() -> None:
    now = [0.0]
    limiter = Limiter(lambda key: 10.0, monotonic=lambda: now[0])
    assert limiter.take("k", 100) == 0.0
    assert limiter.take("k", 1) == pytest.approx(8.1)
    now[0] += 8.2
    assert limiter.take("k", 1) == 0.0


def test_without_a_rate_everything_passes() -> None:
    limiter = Limiter(lambda key: 0.0)
    assert [limiter.take("k", 1_000_000) for _ in range(3)] == [0.0, 0.0, 0.0]


def test_keys_of_another_process_become_known(tmp_path: Path, clock: ManualClock) -> None:
    here, there = (Keys(AccessStore(tmp_path / "access.db"), clock) for _ in range(2))
    made = there.create("elsewhere", "read", ADA)
    assert here.check(made.text, "read") is None
    here.refresh()
    assert here.check(made.text, "read") is not None
    there.revoke(made.key.id, ADA)
    here.refresh()
    assert here.check(made.text, "read") is None
