"""Real data through the whole product: published counts reproduced, and every membership judged by three readers."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pyarrow.compute as pc
import pytest

from coterie.connectors.mapping_file import load_mapping
from coterie.engine import definitions
from coterie.engine.ingest import Ingested, ingest
from coterie.engine.project import Project
from coterie.engine.publication import publish
from coterie.engine.verification import verify

pytestmark = pytest.mark.data

SEGMENTS = Path(__file__).parent / "segments"
MAPPINGS = Path(__file__).parents[2] / "examples" / "mappings"
FILES = {
    "online_retail": "online_retail/online_retail.csv.gz",
    "rees46": "rees46_sample/rees46_2019-10-01_first.csv.gz",
    "cdnow": "cdnow/CDNOW_sample.txt.gz",
}
INSTANTS = int(os.environ.get("COTERIE_VERIFY_INSTANTS", "20"))


class Real:
    """A project that holds one data set."""

    def __init__(self, name: str, folder: Path, data: Path) -> None:
        folder.mkdir()
        (folder / "coterie.yaml").write_text(f"name: {name}\n")
        if (SEGMENTS / name).is_dir():
            shutil.copytree(SEGMENTS / name, folder / "segments")
        self.name, self.file, self.project = name, data / FILES[name], Project(folder)
        self.first = self.ingest()

    def ingest(self) -> Ingested:
        rules = load_mapping(MAPPINGS / f"{self.name}.yaml")
        return ingest(self.project, [self.file], rules, now=self.project.wall())


@pytest.fixture(scope="module")
def retail(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Real:
    return Real("online_retail", tmp_path_factory.mktemp("real") / "retail", data)


@pytest.fixture(scope="module")
def rees46(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Real:
    return Real("rees46", tmp_path_factory.mktemp("real") / "rees46", data)


def test_online_retail_is_what_was_published(retail: Real) -> None:
    done = retail.first
    assert (done.rows, done.refused, done.skipped, done.duplicates) == (541_909, 0, 0, 0)
    log = retail.project.events.scan(properties=["invoice", "total"])
    rows = log.filter(pc.not_equal(log["name"], "$identify"))
    assert rows.num_rows == 541_909
    assert done.added == log.num_rows
    repeated = pc.not_equal(pc.utf8_slice_codeunits(rows["event_id"], -2, stop=2**31 - 1), "-1")
    assert pc.sum(repeated).as_py() == 5_268, "exact duplicate rows are counted by their occurrence"
    customers = rows.filter(pc.invert(pc.starts_with(rows["profile"], "guest-")))
    assert customers.num_rows == 406_829
    bought = customers.filter(pc.equal(customers["name"], "purchase"))
    assert bought.num_rows == 397_884
    assert pc.count_distinct(bought["profile"]).as_py() == 4_338
    assert pc.count_distinct(bought["p.invoice"]).as_py() == 18_532
    assert round(pc.sum(bought["p.total"]).as_py(), 2) == 8_911_407.90


def test_a_second_ingest_of_online_retail_adds_nothing(retail: Real) -> None:
    again = retail.ingest()
    assert (again.added, again.duplicates, again.quarantined) == (0, retail.first.added, 0)
    assert retail.project.events.extent().events == retail.first.added


def test_rees46_is_what_was_published(rees46: Real) -> None:
    assert (rees46.first.rows, rees46.first.added, rees46.first.refused) == (17_434, 17_434, 0)
    counts = {row["name"]: row["events"] for row in rees46.project.events.names().to_pylist()}
    assert counts == {"product_viewed": 17_055, "order_completed": 214, "add_to_cart": 165}
    assert rees46.project.events.people() == 4_504


def test_cdnow_is_what_was_published(tmp_path: Path, data: Path) -> None:
    cdnow = Real("cdnow", tmp_path / "cdnow", data)
    assert (cdnow.first.rows, cdnow.first.added, cdnow.first.refused) == (6_919, 6_919, 0)
    assert cdnow.project.events.people() == 2_357
    spent = sum(json.loads(one)["total"] for one in cdnow.project.events.scan()["properties"].to_pylist())
    assert spent == pytest.approx(244_091.94, abs=0.01)


def proved(real: Real) -> None:
    project = real.project
    for segment in definitions.on_disk(project):
        if "thresholds" in (project.root / "segments" / f"{segment.key}.yaml").read_text():
            publish(project, segment.key, project.present())
    done = verify(project, definitions.catalog(project), count=INSTANTS, workers=2)
    assert done.difference is None
    assert done.differences == 0
    assert len(done.instants) == INSTANTS
    assert done.profiles == project.events.people()
    for one in done.segments:
        assert 0 < one.members < one.judged, f"{one.key} must be true of somebody and false of somebody"


@pytest.mark.slow
def test_the_three_readers_agree_on_every_shopper_of_rees46(rees46: Real) -> None:
    proved(rees46)


@pytest.mark.slow
def test_the_three_readers_agree_on_every_customer_of_online_retail(retail: Real) -> None:
    proved(retail)
