"""Consent as browsers and consent banners tell it: the TC string of the IAB and the Global Privacy Control signal.

Source: IAB Tech Lab, Consent string and vendor list formats v2 (core string); W3C, Global Privacy Control.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence

VERSION_BITS = 6
PURPOSES_AT, PURPOSES = 152, 24
"""Where the bits of purposes consented to begin in the core string, and how many there are."""
VERSION = 2
CHARS_MAX = 8_192
"""A longer string is no TC string: with all vendors of the list it has about 2,000 characters."""


def purposes_of(text: str) -> frozenset[int] | None:
    """Return the numbers of the purposes that a TC string consents to, ``None`` when it is none of version 2.

    >>> core = "CLcVDxRMWfGmWAVAHCENAXCkAKDAADnAABRgA5mdfCKZuYJez-NQm0TBMYA4oCAAGQYIAAAAAAEAIAEgAA"
    >>> sorted(purposes_of(core))
    [1, 3, 9, 10]
    """
    core = text.partition(".")[0]
    if len(text) > CHARS_MAX or len(core) * 6 < PURPOSES_AT + PURPOSES:
        return None
    try:
        data = base64.b64decode(core + "=" * (-len(core) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    bits = int.from_bytes(data)
    length = 8 * len(data)
    if bits >> (length - VERSION_BITS) != VERSION:
        return None
    told = bits >> (length - PURPOSES_AT - PURPOSES)
    return frozenset(number for number in range(1, PURPOSES + 1) if told >> (PURPOSES - number) & 1)


def consent_of(told: frozenset[int], purposes: Mapping[str, Sequence[int]]) -> dict[str, bool]:
    """Return for each purpose of ours whether all numbers that it stands on were consented to.

    >>> consent_of(frozenset((1, 3, 9)), {"analytics": (1, 9), "advertising": (3, 4)})
    {'analytics': True, 'advertising': False}
    """
    return {purpose: told.issuperset(numbers) for purpose, numbers in purposes.items()}
