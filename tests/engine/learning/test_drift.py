"""Drift of a kept clustering over the log of a simulated shop: reports, refits in the shadow, and what people decide."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from coterie.engine.apply import apply
from coterie.engine.learning import clustering
from coterie.engine.learning.drift import recalibration
from coterie.engine.learning.drift.keeping import book_of, keep_recalibrated
from coterie.engine.learning.drift.looking import Looking, Outcomes
from coterie.engine.learning.drift.report import Wish, report
from coterie.engine.learning.drift.segments import look_at_segments
from coterie.engine.learning.models import definition, models_of
from coterie.engine.learning.publishing import publish_clusters
from coterie.engine.project import Project
from coterie.errors import Conflict, NotFound, Problem
from coterie.learned.artefact import Artefact
from coterie.learned.definition import ClustersModel
from coterie.limits import DAY_US
from coterie.segments.core import Selector
from coterie.storage.log import conform

FILES = {
    "coterie.yaml": "name: habits\n",
    "features/habits.yaml": "key: habits\nfeatures:\n"
    "  orders: {aggregate: {kind: count, event: order, within: 10d}}\n"
    "  spent: {aggregate: {kind: sum, property: total, event: order, within: 10d}}\n"
    "  visits: {aggregate: {kind: count, event: visit, within: 10d}}\n",
    "segments/buyers.yaml": "key: buyers\ntitle: Buyers\nwhen: {did: {event: order, within: 10d, at_least: 3}}\n",
}
MODEL = (
    "key: habits\nkind: clusters\nfeatures: habits\nk: 3\nprepare: {{transform: log1p, scale: standard}}\n"
    "recalibrate: {{policy: {policy}, window: 10d, conversion: order, bounds: {{windows: 1}}}}\n"
)
HABITS = ((1, 10.0, 12), (5, 40.0, 5), (0, 0.0, 2))
"""Orders, money of each and visits in ten days, of each kind of person."""
PEOPLE, PERIODS, START = 240, 4, 1_760_000_000_000_000


def rows(seed: int = 1, changed_from: int | None = None) -> pa.Table:
    """Return forty days of three kinds of people; from a period on the buyers buy little and everybody visits much more."""
    rng = np.random.default_rng(seed)
    found: list[dict[str, Any]] = []
    for period in range(PERIODS):
        for person in range(PEOPLE):
            orders, total, visits = HABITS[person % 3]
            if changed_from is not None and period >= changed_from:
                orders, total, visits = orders // 4, total / 5, visits * 6
            counts = (("order", rng.poisson(orders)), ("visit", 1 + rng.poisson(visits)))
            for name, count in counts:
                for _ in range(int(count)):
                    at = START + period * 10 * DAY_US + int(rng.integers(0, 10 * DAY_US))
                    properties = (
                        f'{{"total": {max(1.0, rng.normal(total, total / 5 + 0.1)):.2f}}}' if name == "order" else "{}"
                    )
                    found.append(
                        {"profile": f"p{person:03}", "name": name, "occurred_at": at, "properties": properties}
                    )
    found.sort(key=lambda row: row["occurred_at"])
    for place, row in enumerate(found):
        row |= {"event_id": f"e{place}", "received_at": row["occurred_at"], "position": place, "event_key": place}
    return pa.Table.from_pylist(found)


def at(period: int) -> int:
    return START + period * 10 * DAY_US


def project_of(folder: Path, policy: str = "by_hand", changed_from: int | None = None) -> tuple[Project, Artefact]:
    """Return a project whose model was fitted after the first twenty days and published."""
    for name, text in {**FILES, "models/habits.yaml": MODEL.format(policy=policy)}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    project = Project(folder)
    project.events.append(conform(rows(changed_from=changed_from)))
    apply(project, project.present())
    model = definition(project, "habits", "clusters")
    assert isinstance(model, ClustersModel)
    kept = clustering.keep(project, clustering.fit(project, model, at(2)))
    models_of(project).publish("clusters", "habits", kept.version, at(2))
    return project, kept


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Artefact]:
    return project_of(tmp_path_factory.mktemp("calm"))


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Artefact]:
    return project_of(tmp_path_factory.mktemp("moved"), changed_from=2)


ORDERS = Outcomes(conversion=Selector(names=("order",)))


def test_people_who_stay_what_they_are_make_no_remark(calm: tuple[Project, Artefact]) -> None:
    with Looking(*calm) as looking:
        found = report(looking, Wish(at=at(4), window_us=10 * DAY_US, windows=2, outcomes=ORDERS))
    assert [window.at for window in found.windows] == [at(3), at(4)]
    assert not found.judgement.is_stale
    assert found.judgement.remarks == ((), ())
    last = found.windows[-1]
    assert last.validity is not None
    assert float(last.validity.agreement) > 0.9  # type: ignore[arg-type]
    assert last.migration is not None
    assert float(last.migration.stayed()) > 0.9  # type: ignore[arg-type]
    assert {one.outcome for one in last.outcomes} == {"conversion"}


def test_people_who_changed_make_the_model_stale(moved: tuple[Project, Artefact]) -> None:
    with Looking(*moved) as looking:
        found = report(looking, Wish(at=at(4), window_us=10 * DAY_US, windows=2, outcomes=ORDERS))
    assert found.judgement.is_stale
    aspects = {one.aspect for one in found.judgement.remarks[-1]}
    assert {"sizes", "features", "outcomes"} <= aspects
    conversions = {one.segment: one for one in found.windows[0].outcomes}
    assert conversions[""].is_beyond


def test_a_report_changes_nothing(calm: tuple[Project, Artefact]) -> None:
    project, kept = calm
    before = {path: path.read_bytes() for path in project.root.rglob("*") if path.is_file()}
    with Looking(project, kept) as looking:
        report(looking, Wish(at=at(4), window_us=10 * DAY_US))
    assert {path: path.read_bytes() for path in project.root.rglob("*") if path.is_file()} == before


def test_windows_that_begin_before_the_fit_are_left_out(calm: tuple[Project, Artefact]) -> None:
    with Looking(*calm) as looking:
        assert len(report(looking, Wish(at=at(4), window_us=10 * DAY_US, windows=9)).windows) == 2
        with pytest.raises(Problem, match="no whole window"):
            report(looking, Wish(at=at(2) + DAY_US, window_us=10 * DAY_US))


def test_what_arrives_later_changes_no_report(calm: tuple[Project, Artefact]) -> None:
    with Looking(*calm) as looking:
        early = looking.scene(at(3))
    later, kept = calm
    table = rows(seed=9).slice(0, 50)
    late = table.set_column(
        table.schema.get_field_index("received_at"), "received_at", pa.array([at(4) + DAY_US] * 50, pa.int64())
    ).set_column(table.schema.get_field_index("event_id"), "event_id", pa.array([f"late{i}" for i in range(50)]))
    later.events.append(conform(late))
    with Looking(later, kept) as looking:
        again = looking.scene(at(3))
    np.testing.assert_array_equal(early.table.numbers(), again.table.numbers())


@pytest.mark.parametrize("policy", ["by_hand", "shadow", "auto"])
def test_a_stale_model_is_treated_as_its_policy_says(tmp_path: Path, policy: str) -> None:
    project, kept = project_of(tmp_path, policy, changed_from=2)
    store = models_of(project)
    published: list[int] = []

    def publish(version: int) -> None:
        published.append(version)
        publish_clusters(project, "habits", version, by="rule")

    found = recalibration.recalibrate(project, "habits", at(4), publish=publish)
    keep_recalibrated(project, found)
    assert found.is_stale
    deeds = [one.deed for one in store.history("clusters", "habits")]
    look = book_of(project, "habits").looks()[-1]
    assert (look.is_stale, look.version) == (True, kept.version)
    if policy == "by_hand":
        assert found.decision == look.decision == "told"
        assert deeds == ["saved", "published", "stale"]
        return
    assert deeds[:5] == ["saved", "published", "stale", "saved", "compared"]
    assert found.candidate == 2
    assert found.compared is not None
    if policy == "shadow":
        assert (found.decision, published, store.published_version("clusters", "habits")) == ("waiting", [], 1)
        assert recalibration.waiting(project, "habits") == (2,)
        recalibration.decide(project, "habits", 2, promote=True, publish=publish, by="ada", at=at(4))
        assert store.published_version("clusters", "habits") == 2
        assert recalibration.waiting(project, "habits") == ()
        with pytest.raises(Conflict, match="does not wait"):
            recalibration.decide(project, "habits", 2, promote=False, publish=publish, by="ada", at=at(4))
        return
    assert isinstance(found.separation, tuple)
    assert found.separation[1] >= found.separation[0]
    assert (found.decision, published, store.published_version("clusters", "habits")) == ("promoted", [2], 2)


def test_a_model_that_holds_is_left_alone(calm: tuple[Project, Artefact]) -> None:
    project, _ = calm
    found = recalibration.recalibrate(project, "habits", at(4), publish=lambda version: pytest.fail("published"))
    assert (found.decision, found.candidate) == ("fresh", None)
    assert models_of(project).versions("clusters", "habits") == [1]
    with pytest.raises(NotFound, match="no fitted model"):
        recalibration.recalibrate(project, "nothing", at(4), publish=lambda version: None)


def test_ordinary_segments_drift_too(moved: tuple[Project, Artefact], calm: tuple[Project, Artefact]) -> None:
    (found,) = look_at_segments(moved[0], ["buyers"], at(2), at(3), feature_set="habits", outcomes=ORDERS)
    assert {one.aspect for one in found.remarks} >= {"sizes", "outcomes"}
    before, now = found.window.sizes.counts["buyers"]
    assert before > 60
    assert now < 20
    (still,) = look_at_segments(calm[0], ["buyers"], at(2), at(3), feature_set="habits", outcomes=ORDERS)
    assert still.remarks == ()
    with pytest.raises(NotFound, match="no segment 'buyer'"):
        look_at_segments(calm[0], ["buyer"], at(2), at(3))
