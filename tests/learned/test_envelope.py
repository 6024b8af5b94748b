"""A signature holds for exactly the artefact that was signed, by whom it was signed."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import numpy as np
import pytest

from coterie.errors import Problem
from coterie.learned.artefact import Array
from coterie.learned.envelope import Envelope, bytes_in, opened, read, said, sealed
from coterie.privacy.signing import new_key, public_of, sign, text_of
from tests.learned.models import artefact

PRIVATE = bytes(range(32))
TRUSTED = {text_of(public_of(PRIVATE))}


def test_what_was_sealed_is_opened_as_it_was() -> None:
    one = artefact(version=3)
    assert opened(read(bytes_in(sealed(one, PRIVATE))), TRUSTED) == one


def test_the_same_artefact_is_the_same_bytes() -> None:
    assert bytes_in(sealed(artefact(), PRIVATE)) == bytes_in(sealed(artefact(), PRIVATE))


def paths(plain: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the place of every value of plain data."""
    inner = plain.items() if isinstance(plain, dict) else enumerate(plain) if isinstance(plain, list) else ()
    return [*([here] if here else []), *(spot for key, one in inner for spot in paths(one, (*here, key)))]


def changed(plain: dict[str, Any], path: tuple[Any, ...]) -> dict[str, Any]:
    """Return plain data in which one value is another one of its kind."""
    copy = json.loads(json.dumps(plain))
    spot = copy
    for key in path[:-1]:
        spot = spot[key]
    old = spot[path[-1]]
    new: Any = {"another": 1}
    if isinstance(old, bool):
        new = not old
    elif isinstance(old, int | float):
        new = old + 1
    elif isinstance(old, str):
        new = f"{old}x"
    elif isinstance(old, list):
        new = [*old, *old] or ["x"]
    elif old is None:
        new = 5
    spot[path[-1]] = new
    return copy


def test_no_value_of_it_can_be_changed() -> None:
    plain = msgspec.to_builtins(sealed(artefact(version=1), PRIVATE))
    every = [path for path in paths(plain) if path != ("artefact",)]
    assert len(every) > 30
    for path in every:
        data = json.dumps(changed(plain, path)).encode()
        with pytest.raises(Problem):
            opened(read(data), TRUSTED)


def test_a_key_that_nobody_trusts_is_told() -> None:
    stranger = sealed(artefact(), new_key())
    with pytest.raises(Problem, match="nobody here trusts") as told:
        opened(stranger, TRUSTED)
    assert stranger.key in told.value.hint


def test_an_unsigned_artefact_is_refused() -> None:
    with pytest.raises(Problem, match="nobody here trusts"):
        opened(Envelope(artefact=artefact(), key="", signature=""), TRUSTED)
    with pytest.raises(Problem, match="not signed"):
        opened(Envelope(artefact=artefact(), key="?", signature="?"), TRUSTED)


def test_a_signature_of_something_else_is_none() -> None:
    """A receipt, or any other text that the same key signed, makes no model."""
    bare = msgspec.json.encode(artefact(), order="sorted")
    lifted = Envelope(artefact=artefact(), key=next(iter(TRUSTED)), signature=text_of(sign(PRIVATE, bare)))
    with pytest.raises(Problem, match="was changed"):
        opened(lifted, TRUSTED)


DEEP = bytes_in(sealed(artefact(parameters={"here": 1}), PRIVATE)).replace(b'"here": 1', b'"here": ' + b"[" * 5_000)


@pytest.mark.parametrize(
    "data",
    [b"", b"\x80\x04K\x01.", b"{}", b"[1]", b'{"format": "coterie-model-9"}', b'{"format": "\xff"}', DEEP],
    ids=["empty", "pickle", "nothing", "list", "format", "no-text", "deep"],
)
def test_no_other_file_is_taken(data: bytes) -> None:
    with pytest.raises(Problem):
        read(data, "rfm.json")


def test_numbers_that_json_cannot_carry_are_refused_with_their_place() -> None:
    with pytest.raises(Problem, match=r"rfm: quality\.inertia"):
        said(artefact(quality={"inertia": float("nan")}))
    with pytest.raises(Problem, match=r"parameters\.centres\.1"):
        said(artefact(parameters={"centres": [1.0, float("inf")]}))


def test_numpy_numbers_do_not_slip_in() -> None:
    with pytest.raises(Problem, match="no plain data"):
        said(artefact(parameters={"k": np.int64(3)}))


def test_an_array_is_the_same_bits_afterwards() -> None:
    values = np.array([[0.1, 1 / 3], [np.nextafter(1, 2), 1e-300]])
    kept = opened(read(bytes_in(sealed(artefact(parameters=msgspec.to_builtins(Array.of(values))), PRIVATE))), TRUSTED)
    assert msgspec.convert(kept.parameters, Array).numpy().tobytes() == values.tobytes()


def test_what_is_nested_too_deep_to_be_signed_is_refused() -> None:
    deep: list[object] = []
    for _ in range(700):
        deep = [deep]
    with pytest.raises(Problem, match="no plain data"):
        said(artefact(parameters={"deep": deep}))


@pytest.mark.parametrize(
    ("shape", "data"),
    [((2**32, 2**32), ""), ((-1, -8), ""), ((1,), "abc"), ((1,), "é"), ((2,), "AAAAAAAAAAA=")],
    ids=["overflow", "negative", "padding", "letters", "short"],
)
def test_an_array_whose_shape_is_not_that_of_its_bytes_is_refused(shape: tuple[int, ...], data: str) -> None:
    with pytest.raises(Problem, match="an array whose bytes"):
        Array(dtype="<f8", shape=shape, data=data).numpy()
