"""Whose models are taken: the project's own key, and the keys of others that somebody trusts by name."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import Struct

from coterie.errors import NotFound, Problem
from coterie.privacy.signing import bytes_of, public_of, text_of
from coterie.storage.lock import alone
from coterie.storage.private import write_whole

KEY_BYTES = 32


class TrustedKey(Struct, frozen=True, kw_only=True):
    """A public key whose models are taken, whose it is, and since when it is trusted (µs UTC)."""

    key: str
    name: str
    at: int


class ModelSigners:
    """The keys that are trusted, in the file ``trusted.json`` of the folder of all models."""

    def __init__(self, folder: Path, private: Callable[[], bytes]) -> None:
        self.path, self._private = folder / "trusted.json", private

    def own(self) -> str:
        """Return the public key of what is saved here."""
        return text_of(public_of(self._private()))

    def accepted(self) -> frozenset[str]:
        """Return every key whose models are taken, this project's own among them."""
        return frozenset([self.own(), *(one.key for one in self.all())])

    def all(self) -> list[TrustedKey]:
        """Return the keys of others that are trusted, in the order in which they were. Raises: Problem for a file that is none."""
        if not self.path.exists():
            return []
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=list[TrustedKey])
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            hint = "take it from a backup, or remove it and trust the keys again"
            raise Problem(f"not a list of keys: {error}", where=str(self.path), hint=hint) from error

    def trust(self, key: str, name: str, at: int) -> TrustedKey:
        """Return the key, whose models are taken from now on. Raises: Problem when it is none."""
        with contextlib.suppress(ValueError):
            if len(bytes_of(key)) == KEY_BYTES:
                one = TrustedKey(key=key, name=name, at=at)
                with alone(self.path.parent):
                    self._write([other for other in self.all() if other.key != key] + [one])
                return one
        raise Problem(
            "not a public key", received=key, allowed="32 bytes in base64, as `coterie models key` prints them"
        )

    def distrust(self, key: str) -> None:
        """Models of the key are not taken any more, also those that are here already. Raises: NotFound."""
        with alone(self.path.parent):
            known = self.all()
            rest = [one for one in known if one.key != key]
            if len(rest) == len(known):
                raise NotFound(f"the key {key!r} is not trusted")
            self._write(rest)

    def _write(self, keys: list[TrustedKey]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self.path, msgspec.json.encode(keys))
