"""The published drift of a real shop: sizes and features look calm while most customers change their segment."""

from __future__ import annotations

from pathlib import Path

import pytest

from coterie.connectors.mapping_file import load_mapping
from coterie.engine.ingest import ingest
from coterie.engine.learning import clustering
from coterie.engine.learning.drift.looking import Looking
from coterie.engine.learning.drift.report import agreement_of
from coterie.engine.learning.models import definition
from coterie.engine.project import Project
from coterie.learned.definition import ClustersModel
from coterie.model import Undetermined
from coterie.monitoring.drift.features import EVERYONE
from coterie.monitoring.drift.observation import observe
from coterie.segments.instants import instant_of

pytestmark = pytest.mark.data
MAPPING = Path(__file__).parents[2] / "examples" / "mappings" / "online_retail.yaml"
FILES = {
    "coterie.yaml": "name: online_retail\n",
    "segments/customers.yaml": "key: customers\nwhen: {all: [{did: {event: purchase, within: 182d}}, {trait: {name: country, exists: true}}]}\n",
    "features/recent.yaml": "key: recent\npopulation: customers\nbuilt_in: [{rfm: {event: purchase, amount: total, order: invoice, within: 182d}}]\n",
    "models/recent.yaml": "key: recent\nkind: clusters\nfeatures: recent\ncolumns: [recency, frequency, monetary]\nk: 4\n"
    "prepare: {transform: log1p, scale: standard}\n",
}
PUBLISHED = {
    "2011-07-01": (2724, 0.0026, (0.030, 0.002, 0.003), 2e-5, 0.634, 0.878),
    "2011-09-01": (2793, 0.0125, (0.022, 0.005, 0.006), 1e-6, 0.515, 0.862),
    "2011-11-01": (3206, 0.0340, (0.074, 0.012, 0.019), 7e-20, 0.417, 0.835),
}
"""Month: people, PSI of the sizes, PSI of recency, frequency and monetary value, p of recency, share who stayed, frozen against refit.

All to the printed digit but two of the nine PSIs of features, printed 0.003 and 0.012, which come out as 0.0025 and 0.0115: over which bins
they were taken is not told with them."""


@pytest.fixture(scope="module")
def looking(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Looking:
    folder = tmp_path_factory.mktemp("drift") / "retail"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    project = Project(folder)
    ingest(project, [data / "online_retail/online_retail.csv.gz"], load_mapping(MAPPING), now=project.wall())
    model = definition(project, "recent", "clusters")
    assert isinstance(model, ClustersModel)
    return Looking(project, clustering.keep(project, clustering.fit(project, model, at("2011-06-01"))))


def at(day: str) -> int:
    found = instant_of(f"{day}T00:00:00Z")
    assert found is not None
    return found


@pytest.mark.parametrize("month", PUBLISHED)
def test_the_published_drift_comes_out_of_the_log(looking: Looking, month: str) -> None:
    people, size_psi, psis, p_value, stayed, agreement = PUBLISHED[month]
    reference, now = looking.scene(at("2011-06-01")), looking.scene(at(month))
    window = observe(reference, now, before=reference, tests=True)
    assert len(reference.table) == 2718
    assert len(now.table) == people
    assert window.sizes.psi == pytest.approx(size_psi, abs=5e-5)
    found = {one.feature: one for one in window.features if one.segment == EVERYONE}
    for name, psi in zip(("recency", "frequency", "monetary"), psis, strict=True):
        others = found[name].others
        assert others is not None
        assert others.psi == pytest.approx(psi, abs=5.5e-4)
    assert not isinstance(found["recency"].p_value, Undetermined)
    assert f"{found['recency'].p_value:.0e}" == f"{p_value:.0e}"
    assert window.migration is not None
    assert window.migration.stayed() == pytest.approx(stayed, abs=5e-4)
    assert agreement_of(looking, now, 0) == pytest.approx(agreement, abs=6e-4)
