"""An artefact under a signature: nobody who does not hold a trusted key can change a model, or slip one in."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

import msgspec
from msgspec import Struct

from coterie.errors import Problem
from coterie.learned.artefact import Artefact
from coterie.privacy.signing import bytes_of, is_signed, public_of, sign, text_of

FORMAT = "coterie-model-1"


class Envelope(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a file of a model holds: the artefact, whose key signed it, and the signature. JSON only; nothing in it is code."""

    format: str = FORMAT
    artefact: Artefact
    key: str
    signature: str


def sealed(artefact: Artefact, private: bytes) -> Envelope:
    """Return the artefact under the signature of a private key. Raises: Problem for parameters that are no plain finite data."""
    return Envelope(
        artefact=artefact, key=text_of(public_of(private)), signature=text_of(sign(private, said(artefact)))
    )


def bytes_in(envelope: Envelope) -> bytes:
    """Return the file of an envelope: JSON with sorted keys, so that the same artefact is the same bytes."""
    return msgspec.json.format(msgspec.json.encode(envelope, order="sorted"), indent=1) + b"\n"


def read(data: bytes, where: str = "") -> Envelope:
    """Return the envelope in the bytes of a file, whose signature nobody has looked at yet. Raises: Problem when it is none."""
    try:
        envelope = msgspec.json.decode(data, type=Envelope)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(
            f"not the file of a model: {error}", where=where, hint="a model is a signed JSON file; fit it anew"
        ) from error
    if envelope.format != FORMAT:
        raise Problem("a model of another format", where=where, received=envelope.format, allowed=FORMAT)
    return envelope


def opened(envelope: Envelope, trusted: Collection[str], where: str = "") -> Artefact:
    """Return the artefact, which is as it was signed, by one of the ``trusted`` public keys. Raises: Problem otherwise."""
    try:
        key, signature = bytes_of(envelope.key), bytes_of(envelope.signature)
    except ValueError as error:
        raise Problem(
            "the model is not signed", where=where, hint="take it from whoever fitted it, or fit it anew"
        ) from error
    if envelope.key not in trusted:
        raise Problem(
            "the model was signed by a key that nobody here trusts",
            where=where,
            received=envelope.key,
            allowed="this project's own key, or one that was trusted",
            hint=f"if you know whose it is: coterie models trust {envelope.key}",
        )
    if not is_signed(key, signature, said(envelope.artefact)):
        raise Problem(
            "the model was changed after it was signed", where=where, hint="take the original file, or fit it anew"
        )
    return envelope.artefact


def said(artefact: Artefact) -> bytes:
    """Return the bytes that are signed: format and content as JSON with sorted keys. Raises: Problem."""
    try:
        plain = msgspec.to_builtins(artefact)
        spot = _not_finite(plain, "")
    except (TypeError, RecursionError) as error:
        raise Problem("a model of something that is no plain data", where=artefact.key, received=str(error)) from error
    if spot:
        raise Problem(
            "a number that is none", where=f"{artefact.key}: {spot}", allowed="finite numbers",
            hint="what cannot be said is an Undetermined with its reason",
        )  # fmt: skip
    return FORMAT.encode() + b"\n" + msgspec.json.encode(plain, order="sorted")


def _not_finite(value: Any, path: str) -> str:
    """Return the place of the first number that JSON cannot carry, or nothing."""
    if isinstance(value, float):
        return "" if math.isfinite(value) else path or "value"
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list | tuple) else ()
    return next((spot for key, one in inner if (spot := _not_finite(one, f"{path}.{key}".lstrip(".")))), "")
