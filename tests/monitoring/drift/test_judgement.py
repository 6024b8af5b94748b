"""What is beyond its bound, and when a model counts as stale."""

from __future__ import annotations

import numpy as np
import pytest

from coterie.features.table import Column, FeatureTable
from coterie.model import Undetermined
from coterie.monitoring.drift.detectors import Sensitivity, StreamDetector
from coterie.monitoring.drift.features import EVERYONE, drifting_share, feature_drift
from coterie.monitoring.drift.judgement import Tolerance, Window, judge, remarks_of
from coterie.monitoring.drift.outcomes import mean_drift, rate_drift
from coterie.monitoring.drift.sizes import size_drift
from coterie.monitoring.drift.validity import Fitted, Validity, validity


def _table(n: int, seed: int, *, shift: float = 0.0, phones: float = 0.5) -> FeatureTable:
    drawn = np.random.default_rng(seed)
    device = np.where(drawn.random(n) < phones, "phone", "desk").astype(object)
    spend = Column(name="spend", values=drawn.normal(10.0 + shift, 2.0, n))
    columns = (
        spend,
        Column(name="visits", values=drawn.exponential(3.0, n)),
        Column(name="device", kind="category", values=device),
    )
    return FeatureTable(profiles=np.array([f"p{i:06}" for i in range(n)], object), columns=columns, at=seed)


def test_the_same_people_do_not_drift_and_others_do() -> None:
    before = _table(2000, 1)
    same = feature_drift(before, _table(1500, 2))
    assert [one.feature for one in same] == ["spend", "visits", "device"]
    assert not any(one.is_beyond for one in same)
    assert drifting_share(same) == 0.0
    moved = feature_drift(before, _table(1500, 3, shift=1.0, phones=0.8), tests=True)
    assert [one.is_beyond for one in moved] == [True, False, True]
    assert drifting_share(moved) == pytest.approx(2 / 3)
    assert moved[0].distance == pytest.approx(0.5, abs=0.08)
    assert moved[0].means == pytest.approx((10.0, 11.0), abs=0.2)
    assert float(moved[0].p_value) < 1e-6  # type: ignore[arg-type]


def test_drift_inside_one_segment_is_told_there() -> None:
    before, now = _table(1000, 1), _table(1000, 2)
    sides = [["a" if i % 2 else "b" for i in range(1000)] for _ in range(2)]
    now.column("spend").values[1::2] += 3.0
    found = {(one.segment, one.feature): one for one in feature_drift(before, now, (sides[0], sides[1]))}
    assert found["a", "spend"].is_beyond
    assert not found["b", "spend"].is_beyond
    assert found[EVERYONE, "spend"].people == (1000, 1000)


def test_few_people_are_not_judged() -> None:
    found = feature_drift(_table(10, 1), _table(10, 2, shift=9.0))
    assert all(isinstance(one.distance, Undetermined) for one in found)
    assert isinstance(drifting_share(found), Undetermined)


def test_sizes_are_beyond_only_above_chance() -> None:
    assert not size_drift({"a": 30, "b": 30}, {"a": 18, "b": 42}, 0.1).is_beyond  # PSI .17, but only sixty people
    assert size_drift({"a": 3000, "b": 3000}, {"a": 1800, "b": 4200}, 0.1).is_beyond
    assert isinstance(size_drift({}, {"a": 3}, 0.1).psi, Undetermined)


def test_outcomes() -> None:
    fell = rate_drift("loyal", "conversion", (300, 1000), (200, 1000))
    assert fell.is_beyond
    assert fell.effect == pytest.approx(-0.2320, abs=1e-4)
    assert not rate_drift("loyal", "conversion", (30, 100), (20, 100)).is_beyond
    drawn = np.random.default_rng(5)
    assert mean_drift("loyal", "value", drawn.normal(10, 2, 900), drawn.normal(11, 2, 900)).is_beyond
    assert not mean_drift("loyal", "value", drawn.normal(10, 2, 900), drawn.normal(10, 2, 900)).is_beyond
    assert isinstance(rate_drift("x", "conversion", (0, 0), (1, 2)).effect, Undetermined)


def _window(at: int, told: Validity) -> Window:
    return Window(
        at=at, reference_at=0, sizes=size_drift({"a": 500, "b": 500}, {"a": 480, "b": 520}, 0.25), validity=told
    )


def test_a_model_is_stale_after_so_many_windows_on_end() -> None:
    good = Validity(people=1000, agreement=0.86, inertia_ratio=1.1, far_share=0.012, noise_floor=0.91)
    bad = Validity(people=1000, agreement=0.55, inertia_ratio=1.7, far_share=0.012, noise_floor=0.91)
    tolerance = Tolerance()
    assert not judge([_window(1, bad), _window(2, good), _window(3, bad)], tolerance).is_stale
    found = judge([_window(1, good), _window(2, bad), _window(3, bad)], tolerance)
    assert found.is_stale
    assert len(found.reasons) == 2
    assert "0.55" in found.reasons[0]
    assert not judge([_window(1, bad)], tolerance).is_stale
    assert remarks_of(_window(1, good), tolerance) == ()


def test_an_unstable_fit_is_not_asked_to_agree_more_than_with_itself() -> None:
    unstable = Validity(people=1000, agreement=0.6, inertia_ratio=1.0, far_share=0.01, noise_floor=0.66)
    assert not judge([_window(1, unstable), _window(2, unstable)], Tolerance()).is_stale


def test_a_moderate_shift_of_sizes_is_told_and_makes_nothing_stale() -> None:
    sizes = size_drift({"a": 3000, "b": 3000}, {"a": 2000, "b": 4000}, 0.25)
    window = Window(at=1, reference_at=0, sizes=sizes)
    assert [(one.aspect, one.stale) for one in remarks_of(window, Tolerance())] == [("sizes", False)]
    assert not judge([window, window], Tolerance()).is_stale


def test_validity_of_distances() -> None:
    distances = np.abs(np.random.default_rng(1).normal(size=10_000))
    fitted = Fitted.of(distances)
    same = validity(fitted, distances, 1.0)
    assert (same.inertia_ratio, same.far_share) == (pytest.approx(1.0), pytest.approx(0.01, abs=1e-3))
    assert float(validity(fitted, 2 * distances, 0.5).far_share) > 0.1  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["adwin", "page_hinkley"])
def test_detectors_see_a_step_and_nothing_before(kind: str) -> None:
    drawn = np.random.default_rng(3)
    detector = StreamDetector(kind, Sensitivity(threshold=20.0))  # type: ignore[arg-type]
    stream = np.concatenate([drawn.normal(0.2, 0.05, 600), drawn.normal(0.5, 0.05, 400)])
    alarms = [alarm for at, value in enumerate(stream.tolist()) if (alarm := detector.update(value, at)) is not None]
    assert alarms
    assert 600 <= alarms[0].at < 720


def test_a_number_that_vanishes_drifts_although_what_is_left_looks_the_same() -> None:
    before, now = _table(1000, 1), _table(1000, 2)
    now.column("spend").values[:400] = np.nan
    found = {one.feature: one for one in feature_drift(before, now)}
    assert not found["spend"].is_shifted
    assert found["spend"].is_vanishing
    assert found["spend"].is_beyond
    assert not found["visits"].is_beyond
    window = Window(at=2, reference_at=1, sizes=size_drift({"a": 9}, {"a": 9}, 0.25), features=tuple(found.values()))
    assert "spend is missing for 40% of everyone, where it was 0%" in [
        one.what for one in remarks_of(window, Tolerance())
    ]
    now.column("spend").values[:] = np.nan
    gone = feature_drift(before, now)[0]
    assert isinstance(gone.distance, Undetermined)
    assert gone.is_beyond
    assert drifting_share([gone]) == 1.0
