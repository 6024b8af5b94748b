"""Keyed hashes: one secret of the project, from which every use derives a key of its own."""

from __future__ import annotations

import hashlib
from typing import Literal

SECRET_BYTES = 32
MARK_BYTES = 16
"""Bytes of a mark: two people of a billion share one with a probability of 10^-21."""
Use = Literal["suppression", "pseudonyms", "receipts"]


class Secret:
    """A secret of at least 16 bytes. Without it nobody can tell whom a mark or a pseudonym stands for, or try guesses."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = hashlib.blake2b(key, digest_size=SECRET_BYTES).digest()

    def mark(self, use: Use, text: str) -> bytes:
        """Return 16 bytes that stand for ``text`` in one use; the marks of two uses cannot be compared. Cost: 1 µs.

        >>> Secret(b"k" * 32).mark("suppression", "email:ada@example.com").hex()
        '8fb4d3133d601ec733fac895b776e175'
        """
        person = use.encode()[:16]
        return hashlib.blake2b(text.encode(), digest_size=MARK_BYTES, key=self._key, person=person).digest()
