from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from coterie.connectors.column import Column, Refused
from coterie.connectors.rows import Occurrences


@given(st.lists(st.lists(st.integers(0, 5), max_size=12), max_size=5))
def test_occurrences_count_on_over_chunks(chunks: list[list[int]]) -> None:
    occurrences, seen = Occurrences(), dict[int, int]()
    for chunk in chunks:
        expected = []
        for key in chunk:
            seen[key] = seen.get(key, 0) + 1
            expected.append(seen[key])
        assert occurrences.number(np.array(chunk, dtype=np.uint64)).tolist() == expected


@given(
    st.lists(
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(-3, 3),
            st.floats(allow_nan=False),
            st.text(max_size=3),
            st.lists(st.integers(0, 2)),
        )
    )
)
def test_a_column_gives_back_what_it_was_given(values: list[object]) -> None:
    column = Column.of(values)
    told = [column.at(row) for row in range(len(column))]
    assert told == values
    assert [type(one) for one in told] == [type(one) for one in values]
    assert column.missing().tolist() == [one is None for one in values]


def test_a_refused_value_is_passed_on_and_never_changed() -> None:
    column = Column.of(["1", "x", None]).map(lambda v: int(v) if v.isdigit() else Refused("no")).map(lambda v: v + 1)
    assert column.at(0) == 2
    assert column.refused().tolist() == [False, True, False]
    assert column.texts().to_pylist() == ["2", None, None]
