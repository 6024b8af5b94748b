"""JSON objects of flat keys, read where they lie: where the values of wanted keys begin and end, and numbers as floats.

Only the plain form is read, which is how Coterie writes: no space outside strings, no escape in a key. A text of another form
is said to be odd and left to a real decoder.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from coterie.segments.live.layout import Floats, Ints, kernel, small, whole

QUOTE, ESCAPE, COMMA, COLON, MINUS, POINT = 34, 92, 44, 58, 45, 46
OPENING, CLOSING, OPEN_LIST, CLOSE_LIST = 123, 125, 91, 93
SPACE, ZERO, NINE = 32, 48, 57
OFFSET_BASIS, PRIME = 2166136261, 16777619
"""FNV-1a, 32 bits."""
EXACT_DIGITS = 15
"""A decimal of so many digits is one exact integer divided by an exact power of ten, and so rounded right."""
TENS = np.power(10.0, np.arange(23))


@small
def hash_step(hashed: int, byte: int) -> int:
    """Return the hash with one byte more."""
    return ((hashed ^ byte) * PRIME) & 0xFFFFFFFF


@kernel
def after_string(data: Any, i: int, end: int) -> int:
    """Return the place after the string that begins at ``i``; beyond ``end`` when it does not end."""
    i += 1
    while i < end:
        if data[i] == QUOTE:
            return i + 1
        i += 2 if data[i] == ESCAPE else 1
    return end + 1


@kernel
def after_value(data: Any, i: int, end: int) -> int:
    """Return the place after the JSON value that begins at ``i``."""
    first = data[i]
    if first == QUOTE:
        return after_string(data, i, end)
    if first not in (OPENING, OPEN_LIST):
        while i < end and data[i] != COMMA and data[i] != CLOSING:
            i += 1
        return i
    depth = 0
    while i < end:
        byte = data[i]
        if byte == QUOTE:
            i = after_string(data, i, end)
            continue
        i += 1
        if byte in (OPENING, OPEN_LIST):
            depth += 1
        elif byte in (CLOSING, CLOSE_LIST):
            depth -= 1
            if depth == 0:
                return i
    return end + 1


@small
def number_of_key(data: Any, begin: int, end: int, hashed: int, cells: Ints, key_bytes: Any, keys_at: Ints) -> int:
    """Return the number of the wanted key that stands from ``begin`` to ``end``, -1 when it is none of them."""
    mask, found = cells.shape[0] - 1, whole(-1)
    cell = hashed & mask
    while cells[cell] >= 0 and found < 0:
        key = cells[cell]
        at = keys_at[key]
        same = keys_at[key + 1] - at == end - begin
        i = 0
        while same and i < end - begin:
            same = key_bytes[at + i] == data[begin + i]
            i += 1
        if same:
            found = key
        cell = (cell + 1) & mask
    return found


@kernel
def scan_one(
    data: Any, i: int, end: int, cells: Ints, key_bytes: Any, keys_at: Ints, starts: Any, ends: Any, row: int
) -> bool:
    """Return whether the object from ``i`` to ``end`` is plain; places of wanted values then stand in column ``row``."""
    if end - i < 2 or data[i] != OPENING:
        return False
    i += 1
    if data[i] == CLOSING:
        return i + 1 == end
    while i < end and data[i] == QUOTE:
        i += 1
        begin, hashed = i, whole(OFFSET_BASIS)
        while i < end and data[i] != QUOTE:
            if data[i] == ESCAPE:
                return False
            hashed = hash_step(hashed, whole(data[i]))
            i += 1
        if i + 2 >= end or data[i + 1] != COLON or data[i + 2] <= SPACE:
            return False
        key = number_of_key(data, begin, i, hashed, cells, key_bytes, keys_at)
        value, i = i + 2, after_value(data, i + 2, end)
        if i >= end:
            return False
        if key >= 0:
            starts[key, row], ends[key, row] = value, i
        if data[i] == CLOSING:
            return i + 1 == end
        if data[i] != COMMA:
            return False
        i += 1
    return False


@kernel
def scan(
    data: Any, offsets: Any, rows: Ints, cells: Ints, key_bytes: Any, keys_at: Ints, starts: Any, ends: Any, odd: Any
) -> int:
    """Return how many texts are odd; for the others the places of wanted values are known (-1: not there). Empty text has none."""
    count = 0
    for row in range(rows.shape[0]):
        begin, end = whole(offsets[rows[row]]), whole(offsets[rows[row] + 1])
        if begin == end:
            continue
        if not scan_one(data, begin, end, cells, key_bytes, keys_at, starts, ends, row):
            odd[row] = True
            count += 1
            starts[:, row] = -1
    return count


@kernel
def measure(starts: Any, ends: Any, places: Any) -> None:
    """``places`` says where each value that is there begins when they lie one after another."""
    count, at = 0, 0
    for row in range(starts.shape[0]):
        if starts[row] >= 0:
            places[count] = at
            at += ends[row] - starts[row]
            count += 1
    places[count] = at


@kernel
def gather(data: Any, starts: Any, ends: Any, gathered: Any) -> None:
    """The values that are there lie one after another in ``gathered``."""
    at = 0
    for row in range(starts.shape[0]):
        if starts[row] >= 0:
            for i in range(starts[row], ends[row]):
                gathered[at] = data[i]
                at += 1


@kernel
def read_number(data: Any, i: int, end: int) -> tuple[float, bool]:
    """Return (the number, whether it is surely right) of a JSON value; NaN of one that is no number."""
    if data[i] != MINUS and not ZERO <= data[i] <= NINE:
        return math.nan, True
    negative = data[i] == MINUS
    if negative:
        i += 1
    digits, mantissa, below = 0, 0, -1
    while i < end:
        byte = data[i]
        if ZERO <= byte <= NINE:
            mantissa = 10 * mantissa + whole(byte) - ZERO
            digits += 1
            if below >= 0:
                below += 1
        elif byte == POINT and below < 0:
            below = 0
        else:
            return math.nan, False
        if digits > EXACT_DIGITS:
            return math.nan, False
        i += 1
    number = float(mantissa)
    if below > 0:
        number /= TENS[below]
    return -number if negative and mantissa != 0 else number, True


@kernel
def read_numbers(data: Any, starts: Any, ends: Any, numbers: Floats, unsure: Any) -> int:
    """Return how many numbers are unsure; the others stand in ``numbers``, NaN where there is none."""
    count = 0
    for row in range(starts.shape[0]):
        if starts[row] < 0:
            continue
        number, sure = read_number(data, starts[row], ends[row])
        numbers[row] = number
        if not sure:
            unsure[row] = True
            count += 1
    return count


@kernel
def read_wholes(data: Any, starts: Any, ends: Any, wholes: Ints) -> bool:
    """Return whether every value that is there is a whole number written plainly; then they stand in ``wholes``, in order."""
    count = 0
    for row in range(starts.shape[0]):
        i, end = starts[row], ends[row]
        if i < 0:
            continue
        negative = data[i] == MINUS
        if negative:
            i += 1
        if end - i > EXACT_DIGITS or end == i or (data[i] == ZERO and (negative or end - i > 1)):
            return False
        number = 0
        while i < end:
            if not ZERO <= data[i] <= NINE:
                return False
            number = 10 * number + whole(data[i]) - ZERO
            i += 1
        wholes[count] = -number if negative else number
        count += 1
    return True
