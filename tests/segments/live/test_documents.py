"""Properties read out of JSON by kernels are those a decoder finds, however the text is written."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from coterie.limits import Limits
from coterie.segments.live.dictionaries import Dictionaries
from coterie.segments.live.documents import Documents
from coterie.values import canonical, normal, number_of

KEYS = ("sku", "price", "ünï", 'quo"te', "a.b", "tags", "none")
SCALARS: tuple[Any, ...] = (
    0, 7, -3, 1.5, -0.25, 1e300, 5e-324, 2**53 + 1, 123456789012345678, -0.0, 0.1 + 0.2, 1e15, 99999999999999.5,
    "", "x", 'quo"te', "back\\slash", "a,b}", "ümläut", "\n\t", "\u2028", "{", "[", "12",
    True, False, None, [], [1, "]", '"}'], ["a", "b,c"], {"lat": 1.5, "lon": -2}, [{"x": "}"}],
)  # fmt: skip


def expected(texts: list[str | None], keys: tuple[str, ...]) -> tuple[list[list[str | None]], list[list[float]]]:
    """Return, per key, the canonical text of every value (None: absent) and its number (NaN: none)."""
    spelled, numbers = [], []
    for key in keys:
        values = [msgspec.json.decode(text) if text else {} for text in texts]
        spelled.append([canonical(normal(one[key])) if key in one else None for one in values])
        numbers.append([np.nan if (n := number_of(one.get(key))) is None else n for one in values])
    return spelled, numbers


def check(texts: list[str | None], keys: tuple[str, ...] = KEYS) -> None:
    column = pa.array(["{}", *texts, "{}"], pa.string()).slice(1, len(texts))
    dictionaries = Dictionaries(Limits())
    places = {key: number for number, key in enumerate(keys)}
    codes, numbers = np.full((len(keys), len(texts)), -1, np.int32), np.full((len(keys), len(texts)), np.nan)
    reader = Documents(dictionaries, places, places)
    for part in (np.arange(0, len(texts), 2), np.arange(1, len(texts), 2)):
        reader.read(column, part, codes, numbers)
    spelled, wanted = expected(texts, keys)
    for number, key in enumerate(keys):
        found = [None if code < 0 else dictionaries[key].texts[code] for code in codes[number].tolist()]
        assert found == spelled[number], key
    assert np.array_equal(numbers, np.array(wanted), equal_nan=True)


def test_canonical_objects_of_every_kind_of_value() -> None:
    rng = Random(1)
    texts: list[str | None] = ["{}", "", None, "{}"]
    for _ in range(3_000):
        keys = rng.sample((*KEYS, "other", "pricey", "pri", "p"), rng.randrange(0, 8))
        texts.append(canonical({key: normal(rng.choice(SCALARS)) for key in keys}))
    check(texts)


@pytest.mark.parametrize(
    "text",
    [
        '{"price": 5}', '{ "price":5}', '{"price":5 }', '{"price" :5}', '{"price":5 ,"sku":1}', '\n{"price":5}\n',
        '{"pr\\u0069ce":5}', '{"price":5,"price":6}', '{"price":5.00}', '{"price":5e2}', '{"price":5E+2,"sku":-0}',
        '{"sku":"\\u0061"}', '{"sku":["a" , "b"]}', '{"sku":{"lon":1,"lat":2}}', '{"sku":007.0}'.replace("007.0", "7.0"),
        '{"price":-0.0,"sku":-0.0}', '{"price":123456789012345678901234567890}', '{"price":0.1234567890123456789}',
        '{"sku":"a\\\\","price":1}', '{"sku":"\\"","price":1}', '{"none":null,"sku":""}', '{"price":1e-7}',
    ],
)  # fmt: skip
def test_other_spellings_mean_the_same(text: str) -> None:
    check([text, '{"price":1}', text])


def test_numbers_are_rounded_as_python_rounds_them() -> None:
    rng = Random(2)
    texts: list[str | None] = []
    for _ in range(20_000):
        digits, below = rng.randrange(1, 20), rng.randrange(0, 20)
        whole = "".join(rng.choice("0123456789") for _ in range(digits)).lstrip("0") or "0"
        part = "".join(rng.choice("0123456789") for _ in range(below))
        texts.append(f'{{"price":{rng.choice(("", "-"))}{whole}{"." + part if part else ""}}}')
    check(texts, ("price",))


def test_many_keys_are_told_apart() -> None:
    rng = Random(3)
    keys = tuple(f"k{number}" for number in range(300))
    texts: list[str | None] = [canonical({key: rng.randrange(5) for key in rng.sample(keys, 20)}) for _ in range(100)]
    check(texts, keys)
