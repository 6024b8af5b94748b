"""Secrets of a project: for their owner only, whatever the umask; made once, however many ask at the same time; never a weak one."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from coterie.errors import Problem
from coterie.storage.private import SuppressionList, own, secret_bytes, write_whole


@pytest.fixture
def open_umask() -> Iterator[None]:
    """Whatever is made may be read and written by everybody, unless it is said otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_only_the_owner_reads_them_whatever_the_umask(tmp_path: Path, open_umask: None) -> None:
    secret_bytes(tmp_path, {})
    SuppressionList(tmp_path / "suppressed").add({"e/0": [bytes(16)]})
    write_whole(tmp_path / "receipt.json", b"{}")
    assert {mode(path) for path in tmp_path.iterdir()} == {0o600}
    assert not list(tmp_path.glob("*.draft")), "nothing half made lies beside"


def test_a_copy_that_others_may_read_is_closed_to_them(tmp_path: Path, open_umask: None) -> None:
    made = secret_bytes(tmp_path / "one", {})
    (tmp_path / "two").mkdir()
    shutil.copyfile(tmp_path / "one" / "secret", tmp_path / "two" / "secret")
    assert mode(tmp_path / "two" / "secret") == 0o666
    assert secret_bytes(tmp_path / "two", {}) == made
    assert mode(tmp_path / "two" / "secret") == 0o600


def test_all_who_ask_at_once_get_the_same(tmp_path: Path) -> None:
    for turn in range(20):
        barrier = Barrier(8)

        def ask(_: int, path: Path = tmp_path / str(turn), barrier: Barrier = barrier) -> bytes:
            barrier.wait()
            return own(path, lambda: secrets.token_bytes(32))

        with ThreadPoolExecutor(8) as pool:
            found = set(pool.map(ask, range(8)))
        assert found == {(tmp_path / str(turn)).read_bytes()}
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("held", [b"", b"short"])
def test_a_secret_that_was_cut_short_is_refused(held: bytes, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(held)
    with pytest.raises(Problem, match="too short") as raised:
        secret_bytes(tmp_path, {})
    assert "short" not in str(raised.value).replace("too short", "")
    with pytest.raises(Problem, match="too short"):
        secret_bytes(tmp_path, {"COTERIE_SECRET": "weak"})
