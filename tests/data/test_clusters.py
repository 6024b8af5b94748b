"""Clusters on a real shop: the published numbers through the whole product, and live as batch of every customer of its history."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from coterie.connectors.mapping_file import load_mapping
from coterie.engine import definitions
from coterie.engine.apply import apply
from coterie.engine.ingest import ingest
from coterie.engine.learning import clustering
from coterie.engine.learning.models import definition, models_of
from coterie.engine.learning.standing import standing
from coterie.engine.learning.tables import build
from coterie.engine.project import Project
from coterie.features.parse import parse
from coterie.learned.definition import ClustersModel
from coterie.segments.instants import instant_of
from tests.engine.learning.replayed import Replay, agree

pytestmark = pytest.mark.data
MAPPING = Path(__file__).parents[2] / "examples" / "mappings" / "online_retail.yaml"
FILES = {
    "coterie.yaml": "name: online_retail\n",
    "segments/customers.yaml": "key: customers\nwhen: {all: [{did: {event: purchase}}, {trait: {name: country, exists: true}}]}\n",
    "features/rfm.yaml": "key: rfm\npopulation: customers\nbuilt_in: [{rfm: {event: purchase, amount: total, order: invoice}}]\n",
    "models/rfm.yaml": "key: rfm\nkind: clusters\nfeatures: rfm\ncolumns: [recency, frequency, monetary]\nk: 4\n"
    "live: {every: 1d}\nprepare: {transform: log1p, scale: standard}\n",
}


@pytest.fixture(scope="module")
def retail(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Project:
    folder = tmp_path_factory.mktemp("clusters") / "retail"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    project = Project(folder)
    ingest(project, [data / "online_retail/online_retail.csv.gz"], load_mapping(MAPPING), now=project.wall())
    apply(project, project.present())
    return project


def model_of(project: Project) -> ClustersModel:
    model = definition(project, "rfm", "clusters")
    assert isinstance(model, ClustersModel)
    return model


def at(text: str) -> int:
    found = instant_of(text)
    assert found is not None
    return found


def test_the_published_clusters_come_out_of_the_log(retail: Project) -> None:
    found = clustering.fit(retail, model_of(retail), at("2011-12-10T00:00:00Z"))
    assert found.artefact.people == 4_338
    assert found.clustering.inertia == pytest.approx(3_962.40, rel=1e-4)
    assert sorted(found.clustering.sizes.tolist()) == [713, 812, 1_187, 1_626]
    table = found.ready.table.only(found.ready.inside)
    recency, frequency, monetary = table.numbers(["recency", "frequency", "monetary"]).T
    assert (recency.mean(), np.median(recency), recency.max()) == (pytest.approx(92.06, abs=0.005), 50, 373)
    assert (frequency.mean(), frequency.max()) == (pytest.approx(4.27, abs=0.005), 209)
    assert monetary.mean() == pytest.approx(2_054.27, abs=0.005)
    shares = [one.revenue_share for one in found.explanation.clusters]
    assert sum(float(share) for share in shares if isinstance(share, float)) == pytest.approx(1.0)


def test_live_says_of_every_customer_of_a_replayed_history_what_batch_says(retail: Project, tmp_path: Path) -> None:
    found = clustering.fit(retail, model_of(retail), at("2011-06-01T00:00:00Z"))
    kept = clustering.keep(retail, found)
    model = standing(models_of(retail).load("clusters", "rfm", kept.version), definitions.context(retail))
    replay = Replay(retail, (model,), 20_000)
    looks = [replay.look("rfm") for number in replay.steps() if number % 6 == 5]
    looks.append(replay.look("rfm"))
    whole = replay.whole(tmp_path / "whole")
    shutil.copytree(retail.root / "segments", whole.root / "segments")
    assert whole.events.count() == retail.events.count() + replay.records
    assert agree(whole, replay, looks, "rfm") > 25_000
    last = looks[-1]
    verdict = model.judge(last.measured)
    table = build(whole, parse(kept.feature_set), last.at, population="customers").table
    labels, distances = model.fitted.assign_table(table)
    places = np.searchsorted(last.profiles, table.profiles.astype(str))
    np.testing.assert_array_equal(verdict.places[places], labels)
    np.testing.assert_array_equal(verdict.distances[places], distances)
    assert (verdict.places >= 0).sum() == len(table) == 4_338
    assert 4_338 < replay.records < 200_000
