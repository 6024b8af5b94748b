"""The receipt of an erasure: what was found and what is left, place by place, signed, and without a word about who it was."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import Struct, structs

from coterie.errors import Problem
from coterie.privacy.secret import Secret
from coterie.privacy.signing import bytes_of, is_signed, public_of, sign, text_of
from coterie.privacy.subject import Subject

FORMAT = "coterie-erasure-1"
Unit = Literal["rows", "files", "entries", "lines", "values", "people"]


class Place(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One place that was looked at. ``found`` − ``left`` is what was removed; ``unit`` says of what."""

    name: str
    unit: Unit
    found: int
    left: int = 0
    note: str = ""


class Searched(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The search of every byte that followed. ``places`` are files in which something was found: none, after a good erasure."""

    files: int
    bytes: int
    values: int
    """Values that were read out of compressed or structured files and compared."""
    places: tuple[str, ...] = ()
    unsearchable: int = 0
    """Names too short to mean anyone inside other bytes: they were compared with whole values only."""


class Receipt(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an erasure did. ``people`` are keyed hashes: whoever names the person can check that it is about them."""

    format: str = FORMAT
    id: str
    project: str
    asked_at: int
    finished_at: int
    asked_by: str
    reason: str
    people: tuple[str, ...]
    identifiers: int
    suppressed: bool
    places: tuple[Place, ...]
    searched: Searched
    told: dict[str, int] = {}
    """Destinations that had been sent something about the person, and how often: tell them that it is to go there too."""
    key: str = ""
    signature: str = ""

    @property
    def is_complete(self) -> bool:
        """Return whether nothing is left anywhere."""
        return not self.searched.places and all(place.left == 0 for place in self.places)


def people_of(subject: Subject, secret: Secret) -> tuple[str, ...]:
    """Return what a receipt calls a person: a keyed hash of each identifier and profile, sorted."""
    texts = {*subject.keys, *(f"profile:{name}" for name in subject.profiles)}
    return tuple(sorted(secret.mark("receipts", text).hex() for text in texts))


def is_about(receipt: Receipt, text: str, secret: Secret) -> bool:
    """Return whether a receipt is about the person of an identifier (``kind:value``, normally written) or a profile."""
    return not {secret.mark("receipts", one).hex() for one in (text, f"profile:{text}")}.isdisjoint(receipt.people)


# ── signatures ───────────────────────────────────────────────────────────────────────────────────────────────


def signed(receipt: Receipt, private: bytes) -> Receipt:
    """Return the receipt with the signature of a private key and the public key that checks it (Ed25519, RFC 8032)."""
    bare = structs.replace(receipt, key=text_of(public_of(private)), signature="")
    return structs.replace(bare, signature=text_of(sign(private, _said(bare))))


def check(receipt: Receipt, public: bytes | None = None) -> None:
    """The receipt is as it was signed, by ``public`` where given. Raises: Problem when it is not."""
    try:
        told, signature = bytes_of(receipt.key), bytes_of(receipt.signature)
    except ValueError as error:
        raise _changed() from error
    if public is not None and told != public:
        raise Problem(
            "the receipt was signed with another key", where="key", received=receipt.key, allowed=text_of(public)
        )
    if not is_signed(told, signature, _said(structs.replace(receipt, signature=""))):
        raise _changed()


def _changed() -> Problem:
    return Problem("the receipt was changed after it was signed", where="signature", hint="take the original file")


def _said(receipt: Receipt) -> bytes:
    """Return the bytes that are signed: the fields in order of their names, as JSON, without the signature."""
    told = msgspec.to_builtins(receipt)
    del told["signature"]
    return msgspec.json.encode(told, order="sorted")
