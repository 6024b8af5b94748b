"""Recency, frequency and monetary value of Online Retail, as published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from coterie.connectors.mapping_file import load_mapping
from coterie.engine.ingest import ingest
from coterie.engine.learning.tables import Built, build
from coterie.engine.project import Project
from coterie.features.parse import parse_text
from coterie.segments.instants import instant_of

pytestmark = pytest.mark.data

RFM = """\
key: rfm
time_zone: Europe/London
universe: identified
who: {did: {event: purchase}}
built_in:
- rfm: {event: purchase, amount: total, order: invoice}
"""


@pytest.fixture(scope="module")
def rfm(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Built:
    folder = tmp_path_factory.mktemp("rfm")
    (folder / "coterie.yaml").write_text("name: retail\n")
    project = Project(folder)
    rules = load_mapping(Path(__file__).parents[2] / "examples" / "mappings" / "online_retail.yaml")
    ingest(project, [data / "online_retail" / "online_retail.csv.gz"], rules, now=project.wall())
    return build(project, parse_text(RFM), instant_of("2011-12-10T00:00:00Z") or 0)


def test_the_table_is_the_published_one(rfm: Built) -> None:
    recency, frequency, monetary = rfm.table.numbers(["recency", "frequency", "monetary"]).T
    assert len(rfm.table) == 4_338
    assert (round(recency.mean(), 2), np.median(recency), recency.max()) == (92.06, 50, 373)
    assert (round(frequency.mean(), 2), frequency.max(), frequency.sum()) == (4.27, 209, 18_532)
    assert (round(monetary.mean(), 2), round(np.median(monetary), 3)) == (2_054.27, 674.485)
    assert rfm.table.profiles[monetary.argmax()] == "14646"
    assert round(monetary.max(), 2) == 280_206.02
    assert round(float(monetary.sum()), 2) == 8_911_407.90
    best = np.sort(monetary)[-(len(monetary) // 10) :]
    assert round(float(best.sum() / monetary.sum()), 3) == 0.613
    assert round(float((frequency == 1).mean()), 3) == 0.344


def test_scores_are_fifths_and_name_everybody(rfm: Built) -> None:
    scores = rfm.table.numbers(["recency_score", "frequency_score", "monetary_score"])
    shares = [(scores == score).mean(axis=0) for score in range(1, 6)]
    assert np.allclose(np.array(shares)[:, [0, 2]], 0.2, atol=0.02), "nearly everybody spent another amount"
    assert round(float(shares[0][1]), 3) == 0.344, "who bought once has the lowest score"
    names = rfm.table.column("rfm_segment").values
    assert set(names) == {
        "champions", "loyal", "potential_loyal", "new", "promising", "needs_attention", "about_to_sleep", "at_risk",
        "cannot_lose", "hibernating",
    }  # fmt: skip
    champions = names == "champions"
    money = rfm.table.numbers(["monetary"])[:, 0]
    assert money[champions].sum() / money.sum() > 0.45
