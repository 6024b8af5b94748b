"""Phone numbers as people and programs write them: with blanks, dots, dashes, slashes and brackets in them, ``00`` for the plus."""

from __future__ import annotations

import re
from collections.abc import Collection, Container

DIGITS_MIN, DIGITS_MAX = 8, 15
"""Digits of a number that is looked for in other spellings than its normal one; more are none (E.164)."""
_GAP = rb"(?:[ ()+\-./\[\]]|\\/|\(0\)|\xc2\xa0|\xe2\x80[\x80-\xbf]|%2[089def]|%5[bd]|%c2%a0|\\u00a0|\\u20[01][0-9a-f])*"
"""What may stand between two digits, also as JSON and URLs write it. RE2, bytes, any case."""
_PLUS = rb"(?:\+|%2b|\\u002b|(?:\b|%[0-9a-f]{2}|\\[bfnrt])00)"
_DIGITS = rb"[1-9](?:" + _GAP + rb"[0-9])+"
EACH_MAX = 50
"""Numbers that a pattern spells out; of more it looks for anything that may be a number, which costs up to 100 ns a byte."""
_PARTS = re.compile(rb"%[0-9a-f]{2}|\\u[0-9a-f]{4}|\(0\)|([0-9])", re.IGNORECASE)
_NORMAL = re.compile(rf"\+[0-9]{{{DIGITS_MIN},{DIGITS_MAX}}}")


def is_number(text: str) -> bool:
    """Return whether a text is a phone number with its country code, as it is normally written.

    >>> [is_number(one) for one in ("+4791234567", "91234567", "+47 912 34 567", "+4712")]
    [True, False, False, False]
    """
    return _NORMAL.fullmatch(text) is not None


def digits_of(data: bytes) -> bytes:
    r"""Return the digits of a number in any spelling, from the first that is not zero.

    >>> digits_of(b"(0047) 912.34-567"), digits_of(rb"%2B47%20912\u00a034567"), digits_of(b"+44 (0)20 7946 0018")
    (b'4791234567', b'4791234567', b'442079460018')
    """
    return b"".join(one[1] or b"" for one in _PARTS.finditer(data)).lstrip(b"0")


def spelled(numbers: Collection[bytes]) -> bytes:
    """Return the pattern of numbers with their country code; of many, of what may be one, and what comes after it."""
    return _PLUS + _GAP + _any_of(numbers)


def spelled_bare(numbers: Collection[bytes]) -> bytes:
    """Return the pattern of numbers without a plus, with or without the zero of national numbers."""
    return _GAP + rb"(?:0" + _GAP + rb")?" + _any_of(numbers)


def _any_of(numbers: Collection[bytes]) -> bytes:
    if len(numbers) > EACH_MAX:
        return _DIGITS
    return rb"(?:" + b"|".join(_GAP.join(one[n : n + 1] for n in range(len(one))) for one in sorted(numbers)) + rb")"


def begun_by(data: bytes, numbers: Container[bytes]) -> tuple[bytes, int] | None:
    """Return the longest of some numbers that a spelling begins with, and where it ends there.

    >>> begun_by(b"0047 912 34 567 12", {b"4791234567"})
    (b'4791234567', 15)
    """
    digits, found = b"", None
    for one in _PARTS.finditer(data):
        if one[1] is None or (not digits and one[1] == b"0"):
            continue
        digits += one[1]
        if len(digits) > DIGITS_MAX:
            break
        if digits in numbers and not data[one.end() : one.end() + 1].isdigit():
            found = digits, one.end()
    return found
