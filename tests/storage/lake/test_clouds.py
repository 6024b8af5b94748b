"""The same lake in S3, Azure and Google Cloud Storage: landed, compacted, asked and erased as on a disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from coterie.engine.project import Project
from coterie.errors import InvalidDefinition
from coterie.storage.duck import Duck
from coterie.storage.lake.place import Place, place_of
from tests.emulators import Cloud, cloud, s3  # noqa: F401
from tests.storage.lake.logs import contents, events, landed, person, store


def place(cloud: Cloud, folder: Path, name: str = "shop") -> Place:  # noqa: F811
    return place_of(f"{cloud.url}/{name}", cloud.options, dict(os.environ), folder / "lock")


def test_a_log_lives_in_an_object_store(cloud: Cloud, tmp_path: Path) -> None:  # noqa: F811
    here, there = store(tmp_path / "log"), store(place(cloud, tmp_path))
    for log in (here, there):
        for first in range(0, 1_200, 400):
            landed(log, first, 400, people=5)
        log.append(events(1_200, 100, people=5))
        assert log.append(events(1_250, 50, people=5)).added == 0
        log.compact()
    assert contents(there) == contents(here)
    with Duck() as duck:
        duck.add_log(there.files())
        asked = duck.run('SELECT count(*) AS n, sum("p.amount") AS total FROM events').to_pylist()
    expected = here.scan(properties=["amount"])["p.amount"]
    assert asked == [{"n": 1_300, "total": sum(one for one in expected.to_pylist() if one is not None)}]
    before = {one.path for one in cloud.files.get_file_info(_all(cloud))}
    assert there.erase([person(3)]).rows == here.erase([person(3)]).rows > 0
    assert contents(there) == contents(here)
    gone = before - {one.path for one in cloud.files.get_file_info(_all(cloud))}
    assert any(path.endswith(".parquet") for path in gone), (
        "the files that held the person are not in the bucket any more"
    )
    assert contents(store(place(cloud, tmp_path))) == contents(here)
    assert there.look().rows == there.count() == here.count()


def _all(cloud: Cloud) -> object:  # noqa: F811
    from pyarrow.fs import FileSelector

    return FileSelector(cloud.bucket, recursive=True)


def test_two_writers_of_one_position_do_not_both_land(s3: Cloud, tmp_path: Path) -> None:  # noqa: F811
    one, other = store(place(s3, tmp_path / "a")), store(place(s3, tmp_path / "b"))
    landed(one, 0, 10)
    assert other.length() == 10
    landed(one, 10, 10)
    landed(other, 10, 10)
    assert (one.count(), one.length()) == (20, 20)


def test_a_project_keeps_its_tables_where_its_settings_say(s3: Cloud, tmp_path: Path) -> None:  # noqa: F811
    options = "\n".join(f"    {name}: '{value}'" for name, value in s3.options.items())
    (tmp_path / "coterie.yaml").write_text(f"name: far\nlake:\n  url: {s3.url}/far\n  options:\n{options}\n")
    project = Project(tmp_path)
    project.events.append(events(0, 30))
    assert Project(tmp_path).events.extent().events == 30
    assert project.tables().keys() == {"events", "changes", "quarantine", "profiles", "identities", "triggers"}
    found = {one.path.split("/")[2] for one in s3.files.get_file_info(_all(s3)) if one.is_file}
    assert found == {"events"}
    assert not list((tmp_path / ".coterie").rglob("*.parquet"))


def test_a_scheme_that_no_store_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidDefinition, match="scheme"):
        place_of("ftp://somewhere/lake", {}, {}, tmp_path)
