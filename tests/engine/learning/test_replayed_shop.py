"""A simulated shop, clustered by each kind of rule, replayed with the model kept up to date: live says of everybody what batch says."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from coterie.engine import definitions
from coterie.engine.learning import clustering
from coterie.engine.learning.models import definition, models_of
from coterie.engine.learning.standing import standing
from coterie.engine.learning.tables import build
from coterie.engine.project import Project
from coterie.features.parse import parse
from coterie.lab import Shop
from coterie.learned.definition import ClustersModel
from coterie.limits import DAY_US
from coterie.storage.log import conform
from tests.engine.learning.replayed import Replay, agree

FEATURES = """
key: habits
population: seen
built_in:
  - rfm: {event: order_completed, amount: total, scores: false}
  - sessions: {event: [page_view, product_view, add_to_cart, order_completed], within: 14d}
  - mix: {property: category, event: product_view, top: 3}
features:
  coupons: {aggregate: {kind: count, event: order_completed, where: {coupon: {exists: true}}}}
  country: {trait: {name: country, as: category}}
  weekend: {meets: {did: {event: product_view, within: 3d}}}
  per_order: {formula: monetary / frequency}
"""
MODEL = "key: {key}\nkind: clusters\nfeatures: habits\nlive: {{every: 12h, tolerance: 0.05}}\n{more}"
MODELS = {
    "means": "k: 4\nprepare: {components: 4}\ncolumns: [recency, frequency, monetary, sessions, session_minutes, category_entropy, country]\n",
    "mixtures": "algorithm: gaussian\nk: 3\ncovariance: full\nprepare: {outliers: winsorise}\ncolumns: [recency, frequency, monetary]\n",
    "mixed": "algorithm: kprototypes\nk: 3\ncolumns: [recency, frequency, country, weekend]\nprepare: {missing: leave_out}\n",
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("lab") / "shop"
    files = {
        "coterie.yaml": "name: shop\ntime_zone: Europe/Berlin\n",
        "segments/seen.yaml": "key: seen\nwhen: {did: {event: product_view, at_least: 2}}\n",
        "features/habits.yaml": FEATURES,
    }
    files |= {f"models/{key}.yaml": MODEL.format(key=key, more=more) for key, more in MODELS.items()}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    project = Project(folder)
    project.events.append(conform(Shop(people=700, days=16, seed=3, hot=False).table()))
    return project


@pytest.mark.parametrize("key", MODELS)
def test_live_says_of_everybody_what_batch_says(shop: Project, tmp_path: Path, key: str) -> None:
    model = definition(shop, key, "clusters")
    assert isinstance(model, ClustersModel)
    kept = clustering.keep(shop, clustering.fit(shop, model, shop.events.extent().first_received_at + 12 * DAY_US))
    assert clustering.fit(shop, model, kept.as_of).artefact.parameters["rule"] == kept.parameters["rule"]
    one = standing(models_of(shop).load("clusters", key), definitions.context(shop))
    replay = Replay(shop, (one,), 2_500)
    looks = [replay.look(key) for number in replay.steps() if number % 5 == 4]
    looks.append(replay.look(key))
    whole = replay.whole(tmp_path / "whole")
    shutil.copytree(shop.root / "segments", whole.root / "segments")
    assert agree(whole, replay, looks, key) > 1_500
    last = looks[-1]
    verdict = one.judge(last.measured)
    table = build(whole, parse(kept.feature_set), last.at, population="seen").table
    labels, distances = one.fitted.assign_table(table)
    places = np.searchsorted(last.profiles, table.profiles.astype(str))
    np.testing.assert_array_equal(verdict.places[places], labels)
    np.testing.assert_array_equal(verdict.distances[places], np.where(np.isfinite(distances), distances, np.nan))
    assert len(set(labels.tolist()) - {-1}) >= 2
    assert replay.records > 400
