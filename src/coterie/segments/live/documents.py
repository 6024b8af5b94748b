"""The wanted properties of a column of JSON objects: codes and numbers, without an object of the interpreter per event."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from coterie.segments.live.dictionaries import Dictionaries, Dictionary
from coterie.segments.live.layout import Floats, Ints
from coterie.segments.live.scanning import OFFSET_BASIS, gather, hash_step, measure, read_numbers, read_wholes, scan
from coterie.values import number_of

Places = dict[str, int]
"""Key → row of the array that its values go to."""


class Documents:
    """Reads the values of some keys out of JSON objects."""

    def __init__(self, dictionaries: Dictionaries, coded: Places, numbered: Places) -> None:
        self._dictionaries = dictionaries
        self._coded, self._numbered = coded, numbered
        self._keys = [*{**coded, **numbered}]
        spelled = [msgspec.json.encode(key)[1:-1] for key in self._keys]
        self._bytes = np.frombuffer(b"".join(spelled) or b"\0", np.uint8)
        self._at = np.cumsum([0, *map(len, spelled)], dtype=np.int64)
        self._cells = _cells(spelled)
        self._decode = msgspec.json.Decoder().decode

    def read(self, column: Any, wanted: Ints, codes: Any, numbers: Floats) -> None:
        """``codes`` and ``numbers`` hold the values of the wanted rows of an Arrow column of text; what is absent is left.

        Cost: about 1 ns per byte without the interpreter's lock, and a look-up per distinct value of a coded key.
        """
        texts = column if pa.types.is_string(column.type) else column.cast(pa.string())
        if texts.null_count:
            wanted = wanted[texts.is_valid().to_numpy(zero_copy_only=False)[wanted]]
        _, offsets, data = texts.buffers()
        if data is None or not len(wanted):
            return
        data = np.frombuffer(data, np.uint8)
        offsets = np.frombuffer(offsets, np.int32)[texts.offset :]
        starts = np.full((len(self._keys), len(wanted)), -1, np.int32)
        ends, odd = np.empty_like(starts), np.zeros(len(wanted), np.bool_)
        if scan(data, offsets, wanted, self._cells, self._bytes, self._at, starts, ends, odd):
            self._read_odd(texts, wanted[odd], codes, numbers)
        for number, key in enumerate(self._keys):
            if key in self._coded:
                _code(data, starts[number], ends[number], self._dictionaries[key], wanted, codes[self._coded[key]])
            if key in self._numbered:
                _number(data, starts[number], ends[number], wanted, numbers[self._numbered[key]])

    def _read_odd(self, texts: Any, rows: Ints, codes: Any, numbers: Floats) -> None:
        """As ``read``, of texts that are not written plainly: each is decoded whole."""
        for row in rows.tolist():
            for key, value in self._decode(texts[row].as_py()).items():
                if key in self._coded:
                    codes[self._coded[key], row] = self._dictionaries[key].code_of(value)
                if key in self._numbered:
                    number = number_of(value)
                    numbers[self._numbered[key], row] = np.nan if number is None else number


def _cells(keys: list[bytes]) -> Ints:
    """Return the table by which ``scan`` finds keys: at the cell of a key's hash, or after it, the key's number; -1: empty."""
    size = 8
    while size < 4 * len(keys):
        size *= 2
    cells = np.full(size, -1, np.int64)
    for number, key in enumerate(keys):
        hashed = OFFSET_BASIS
        for byte in key:
            hashed = int(hash_step(hashed, byte))
        cell = hashed & (size - 1)
        while cells[cell] >= 0:
            cell = (cell + 1) & (size - 1)
        cells[cell] = number
    return cells


def _code(data: Any, starts: Any, ends: Any, dictionary: Dictionary, wanted: Ints, codes: Any) -> None:
    """``codes`` holds the codes of the values of one key."""
    there = np.flatnonzero(starts >= 0)
    if not len(there):
        return
    wholes = np.empty(len(there), np.int64)
    if read_wholes(data, starts, ends, wholes):
        codes[wanted[there]] = dictionary.codes_of_ints(wholes)
        return
    places = np.empty(len(there) + 1, np.int32)
    measure(starts, ends, places)
    gathered = np.empty(int(places[-1]), np.uint8)
    gather(data, starts, ends, gathered)
    buffers = [None, pa.py_buffer(places), pa.py_buffer(gathered)]
    distinct = pa.StringArray.from_buffers(len(there), buffers[1], buffers[2]).dictionary_encode()
    found = np.array([dictionary.code_of_json(text) for text in distinct.dictionary.to_pylist()], np.int32)
    codes[wanted[there]] = found[distinct.indices.to_numpy(zero_copy_only=False)]


def _number(data: Any, starts: Any, ends: Any, wanted: Ints, numbers: Floats) -> None:
    """``numbers`` holds the numbers of the values of one key."""
    found = np.full(len(wanted), np.nan)
    unsure = np.zeros(len(wanted), np.bool_)
    if read_numbers(data, starts, ends, found, unsure):
        for row in np.flatnonzero(unsure).tolist():
            number = number_of(msgspec.json.decode(data[starts[row] : ends[row]].tobytes()))
            found[row] = np.nan if number is None else number
    there = starts >= 0
    numbers[wanted[there]] = found[there]
