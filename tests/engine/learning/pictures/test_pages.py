"""Pages with pictures: the same bytes again, drawn in a real browser without a network, and nothing that others wrote is run."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from coterie.clusters.algorithms import fit
from coterie.clusters.explanation import explain_clusters
from coterie.clusters.pictures import branches_of, map_of, silhouettes_of
from coterie.engine.learning.pictures import Picture, png
from coterie.engine.learning.pictures.change import calibration_picture, drift_picture, lines_picture, migration_picture
from coterie.engine.learning.pictures.clusters import tree_picture
from coterie.engine.learning.pictures.people import map_picture, silhouette_picture
from coterie.engine.learning.reports.explaining import details, overview
from coterie.engine.learning.reports.page import Report, Section
from coterie.features.table import Column, FeatureTable
from tests.chromium import chromium

pytest.importorskip("altair")
EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def sections() -> list[Section]:
    rng = np.random.default_rng(0)
    matrix = np.vstack([rng.normal(centre, 1.0, (60, 3)) for centre in (0.0, 5.0, 10.0)])
    columns = [Column(name=f"f{n}", title=EVIL, values=matrix[:, n].copy()) for n in range(3)]
    colour = np.array([EVIL if row % 3 else "blue" for row in range(180)], object)
    columns.append(Column(name="colour", kind="category", values=colour))
    table = FeatureTable(profiles=np.array([f"p{n:03d}" for n in range(180)], object), columns=tuple(columns), at=0)
    clustering = fit(matrix, "hierarchical", 3, 0)
    explanation = explain_clusters(table, matrix, clustering)
    assert clustering.dendrogram is not None
    names, keys = ["first", "second", f"third {EVIL}"], ["one", "two", "three"]
    pictures = (
        map_picture(map_of(matrix), clustering.labels, names),
        silhouette_picture(silhouettes_of(matrix, clustering.labels), names),
        tree_picture(branches_of(clustering.dendrogram, 3), 3),
        migration_picture([[5, 1], [0, 0]], names[1:], names[1:]),
        drift_picture({"f0": {"May": 0.05, "June": 0.3}}, 0.1),
        lines_picture({EVIL: [("2026-01-01", 0.5), ("2026-02-01", 0.6)]}, "lines", "Lines", "", 0.4),
        calibration_picture([(0.1, 0.2, 0.1, 0.3, 10), (0.5, 0.4, 0.3, 0.6, 20)]),
    )
    return [
        overview(explanation, keys, names),
        details(explanation, keys, names),
        Section(title="All", pictures=pictures),
    ]


@pytest.fixture(scope="module")
def page(sections: list[Section]) -> str:
    return Report(title=f"Shop {EVIL}", lead=EVIL, sections=sections, notes=[EVIL]).html()


def pictures_of(sections: list[Section]) -> list[Picture]:
    return [picture for section in sections for picture in section.pictures]


def test_every_picture_becomes_a_png_and_is_the_same_again(sections: list[Section]) -> None:
    for picture in pictures_of(sections):
        found = png(picture, 1.0)
        assert found.startswith(b"\x89PNG"), picture.name
        assert len(found) > 2_000, picture.name
        assert png(picture, 1.0) == found


def test_the_same_report_is_the_same_text(sections: list[Section], page: str) -> None:
    assert Report(title=f"Shop {EVIL}", lead=EVIL, sections=sections, notes=[EVIL]).html() == page
    assert "https://cdn" not in page
    assert EVIL not in page
    assert len(page) < 1_500_000
    words = Report(title="words", lead="", sections=[Section(title="t", body="<p>b</p>")])
    assert len(words.html()) < 10_000


def test_a_browser_draws_every_picture_and_runs_nothing_else(
    sections: list[Section], page: str, tmp_path: Path
) -> None:
    file = tmp_path / "page.html"
    file.write_text(page, encoding="utf-8")
    asked = [
        chromium(), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=10000",
        "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr", "--dump-dom", file.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(asked, capture_output=True, text=True, timeout=120, check=True)
    drawn = done.stdout.count('class="marks"')
    assert drawn == len(pictures_of(sections)), done.stderr[-2_000:]
    assert "onerror=alert" not in done.stdout.replace("&lt;img src=x onerror=alert(1)&gt;", "").replace(
        "\\u003cimg src=x onerror=alert(1)>", ""
    )
    assert "Content Security Policy" not in done.stderr
