"""Nothing is said of histories where nothing happens, and every planted shift is seen within two windows."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.drift import stale_once, windows_of

from coterie.errors import Problem
from coterie.features.table import Column, FeatureTable
from coterie.lab.drifting import SHIFTS, Shift
from coterie.monitoring.drift.judgement import Tolerance, judge, remarks_of
from coterie.monitoring.drift.observation import Scene, kept_of, observe


@pytest.mark.parametrize("seed", range(50, 56))
def test_a_stationary_history_is_left_alone(seed: int) -> None:
    assert not stale_once(windows_of(seed, None))


@pytest.mark.parametrize("shift", SHIFTS)
def test_a_planted_shift_is_seen_within_two_windows(shift: Shift) -> None:
    windows = windows_of(77, shift)
    assert [remark for window in windows[2:4] for remark in remarks_of(window, Tolerance())]
    assert not [remark for window in windows[:2] for remark in remarks_of(window, Tolerance()) if remark.stale]


def test_what_changes_features_makes_the_model_stale_and_a_migration_does_not() -> None:
    assert judge(windows_of(78, "spread")[:4], Tolerance()).is_stale
    moved = windows_of(78, "migration")
    assert not judge(moved[:4], Tolerance()).is_stale
    assert {one.aspect for one in remarks_of(moved[2], Tolerance())} == {"migration"}


def _scene(segments: list[str | None], at: int = 1) -> Scene:
    names = np.array([f"p{place}" for place in range(len(segments))], object)
    table = FeatureTable(
        profiles=names, columns=(Column(name="x", values=np.arange(len(segments), dtype=float)),), at=at
    )
    return Scene(table=table, segments=np.array(segments, object))


def test_who_is_in_no_segment_counts_for_no_size() -> None:
    scene = _scene(["a", None, "b", "a"])
    assert scene.sizes() == {"a": 2, "b": 1}
    window = observe(scene, scene, before=scene)
    assert window.migration is not None
    assert kept_of(window.migration) == {"a": (2, 2), "b": (1, 1)}


def test_columns_of_another_length_are_refused() -> None:
    with pytest.raises(Problem, match="as many as there are people"):
        Scene(table=_scene(["a"]).table, segments=np.array(["a", "b"], object))
