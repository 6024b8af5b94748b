"""What a fit leaves behind: its header, which is the same for every kind, and its parameters as plain JSON with arrays."""

from __future__ import annotations

import base64
import math
from typing import Any, Literal, TypeAlias

import numpy as np
from msgspec import Struct

from coterie.errors import Problem
from coterie.model import Value

Kind: TypeAlias = Literal["clusters", "value", "propensity", "lookalike", "interests", "text"]
DTYPES = ("<f8", "<i8", "<i4", "|u1")


class Array(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Numbers as little-endian bytes in base64: the same array is the same text on every machine."""

    dtype: str
    shape: tuple[int, ...]
    data: str

    @classmethod
    def of(cls, values: Any) -> Array:
        """Return the array of float64, int64, int32 or uint8 values. Raises: Problem for any other type."""
        array = np.ascontiguousarray(values)
        dtype = array.dtype.newbyteorder("<").str
        if dtype not in DTYPES:
            raise Problem("an array of this type is not kept", received=dtype, allowed=", ".join(DTYPES))
        data = base64.b64encode(array.astype(dtype).tobytes()).decode()
        return cls(dtype=dtype, shape=array.shape, data=data)

    def numpy(self) -> Any:
        """Return the values, read-only. Raises: Problem when type, shape and bytes do not belong together."""
        try:
            data = base64.b64decode(self.data, validate=True)
        except ValueError as error:
            raise Problem("an array whose bytes are no base64", received=str(error)) from error
        if self.dtype not in DTYPES:
            raise Problem("an array of an unknown type", received=self.dtype, allowed=", ".join(DTYPES))
        expected = np.dtype(self.dtype).itemsize * math.prod(self.shape)
        if len(data) != expected or any(length < 0 for length in self.shape):
            raise Problem("an array whose bytes do not fill its shape", received=len(data), allowed=str(expected))
        return np.frombuffer(data, self.dtype).reshape(self.shape)


class Artefact(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One version of one learned model. It names no customer: who was where is kept apart, where an erasure finds it.

    Instants are µs UTC. ``parameters`` is the kind's own struct as plain data; the kind's room reads and writes it.
    """

    kind: Kind
    key: str
    version: int = 0
    """Given by the store when it is saved, from 1."""
    title: str = ""
    fitted_at: int
    as_of: int
    """The data were those that had arrived by then."""
    since: int = 0
    """The earliest instant of the data that were used; 0: since ever."""
    people: int
    definition: dict[str, Value]
    """The model's file as it was fitted."""
    feature_set: dict[str, Value] = {}
    """The definition of its features, whole; empty where the model has none."""
    seed: int = 0
    parameters: dict[str, Any]
    quality: dict[str, Any] = {}
    """Figures told by the fit: numbers, or {"undetermined": reason}."""
    warnings: tuple[str, ...] = ()
    valid_until: int | None = None
    coterie: str = ""
    libraries: dict[str, str] = {}
