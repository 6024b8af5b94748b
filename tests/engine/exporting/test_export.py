"""An export says exactly what the log and the readers say, in every format, and replaces an earlier one whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pantab
import pyarrow as pa
import pyarrow.parquet
import pytest
import sqlalchemy

from coterie.engine import definitions
from coterie.engine.exporting.export import NAMES, export
from coterie.engine.exporting.schema import TABLES
from coterie.engine.exporting.tables import named, typed
from coterie.engine.exporting.targets import FileTarget
from coterie.engine.history import History
from coterie.engine.project import Project
from coterie.errors import Problem, Terminal, Transient
from coterie.model import MERGE
from tests.cli.running import made
from tests.postgres import Database, postgres
from tests.servers import free_port


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The starter project, in which two people became one."""
    project = Project(made(tmp_path_factory.mktemp("export") / "shop"))
    at = project.next_instant()
    row = {"event_id": "m1", "profile": "c001", "name": MERGE, "occurred_at": at, "received_at": at,
           "properties": '{"loser":"c002"}'}  # fmt: skip
    project.events.append(pa.Table.from_pylist([row]))
    return project


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with postgres() as server:
        made = server.database()
        yield made
        made.close()


def asked(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        for name in NAMES:
            connection.execute(f"CREATE VIEW {name} AS FROM '{folder}/{name}.parquet'")
        return connection.sql(sql).fetchall()


def test_every_fact_finds_its_dimensions(shop: Project, tmp_path: Path) -> None:
    done = export(shop, str(tmp_path))
    own = sum(row["events"] for row in shop.events.names().to_pylist() if not row["name"].startswith("$"))
    assert done.rows["events"] == own == asked(tmp_path, "SELECT count(*) FROM events")[0][0]
    for fact, key, dimension in (
        ("events", "profile_key", "profiles"),
        ("events", "date_key", "dates"),
        ("memberships", "profile_key", "profiles"),
        ("memberships", "segment_key", "segments"),
    ):
        lost = asked(tmp_path, f"SELECT count(*) FROM {fact} ANTI JOIN {dimension} USING ({key})")
        assert lost == [(0,)], f"{fact}.{key}"
    for table in TABLES:
        names = pyarrow.parquet.read_schema(tmp_path / f"{table.name}.parquet").names
        assert [one.name for one in table.fields] == [name for name in names if not name.startswith(("p_", "trait_"))]


def test_members_are_those_of_the_batch_reader(shop: Project, tmp_path: Path) -> None:
    project = Project(Path(shutil.copytree(shop.root, tmp_path / "copy")))
    shutil.rmtree(project.root / ".coterie" / "changes")
    export(project, str(tmp_path))
    segments = definitions.in_use(project)
    catalog = definitions.catalog(project, segments)
    with History(project.events) as history:
        expected = {one.key: history.members_at(catalog, one.key, project.present()) for one in segments}
    found = asked(
        tmp_path,
        "SELECT segment, profile FROM memberships JOIN segments USING (segment_key) JOIN profiles USING (profile_key)"
        " WHERE is_member",
    )
    assert {key: {who for segment, who in found if segment == key} for key in expected} == expected
    assert dict(asked(tmp_path, "SELECT segment, size FROM segments")) == {k: len(v) for k, v in expected.items()}


def test_stays_are_entries_and_the_exits_after_them(shop: Project, tmp_path: Path) -> None:
    export(shop, str(tmp_path))
    changes = shop.changes.table().to_pylist()
    entered = sum(row["direction"] == "entered" for row in changes)
    exited = sum(row["direction"] == "exited" for row in changes)
    assert asked(tmp_path, "SELECT count(*), count(exited_at) FROM memberships") == [(entered, exited)]
    assert asked(tmp_path, "SELECT count(*) FROM memberships WHERE exited_at < entered_at") == [(0,)]


def test_merged_people_are_one(shop: Project, tmp_path: Path) -> None:
    export(shop, str(tmp_path))
    assert asked(tmp_path, "SELECT count(*) FROM profiles WHERE profile = 'c002'") == [(0,)]
    events = asked(tmp_path, "SELECT count(*) FROM events JOIN profiles USING (profile_key) WHERE profile = 'c001'")
    own = [one for one in shop.events.scan(profiles=["c001", "c002"])["name"].to_pylist() if not one.startswith("$")]
    assert events == [(len(own),)]


def test_typed_properties_say_what_the_json_says(shop: Project, tmp_path: Path) -> None:
    export(shop, str(tmp_path))
    differing = asked(
        tmp_path, "SELECT count(*) FROM events WHERE p_value IS DISTINCT FROM CAST(properties->>'value' AS DOUBLE)"
    )
    assert differing == [(0,)]
    assert asked(tmp_path, "SELECT count(*) > 0 FROM events WHERE p_value > 0") == [(True,)]


def test_formats_hold_the_same(shop: Project, tmp_path: Path, database: Database) -> None:
    parquet = export(shop, str(tmp_path / "parquet"))
    csv = export(shop, str(tmp_path / "csv"), kind="csv")
    hyper = export(shop, str(tmp_path / "shop.hyper"))
    copied = export(shop, database.url)
    assert parquet.rows == csv.rows == hyper.rows == copied.rows
    assert copied.target == database.url.rpartition("@")[2], "no password in the answer"
    extract = pantab.frames_from_hyper(tmp_path / "shop.hyper", return_type="pyarrow")
    engine = sqlalchemy.create_engine(database.url.replace("postgresql", "postgresql+pg8000", 1))
    with engine.connect() as connection:
        for name in NAMES:
            rows = pyarrow.parquet.read_table(tmp_path / "parquet" / f"{name}.parquet")
            expected = sorted(map(str, _plain(rows)))
            assert sorted(map(str, _plain(extract["public", name].select(rows.column_names)))) == expected, name
            columns = ", ".join(f'"{one}"' for one in rows.column_names)
            found = connection.execute(sqlalchemy.text(f"SELECT {columns} FROM coterie.{name}"))
            assert sorted(str(tuple(row)) for row in found) == expected, name
        keys = connection.execute(
            sqlalchemy.text("SELECT count(*) FROM pg_indexes WHERE schemaname = 'coterie' AND tablename = 'events'")
        ).scalar()
    engine.dispose()
    assert keys == 2


def _plain(rows: pa.Table) -> list[tuple[Any, ...]]:
    return list(zip(*(column.to_pylist() for column in rows.columns), strict=True))


def test_a_second_export_takes_the_place_of_the_first(shop: Project, database: Database, tmp_path: Path) -> None:
    again = export(shop, database.url, schema="again", tables=("profiles", "events"))
    assert set(again.rows) == {"profiles", "events"}
    database.run("CREATE VIEW again.views AS SELECT * FROM again.events WHERE event = 'product_viewed'")
    export(shop, database.url, schema="again")
    database.run("DROP VIEW again.views")
    export(shop, database.url, schema="again", tables=("events",), most_properties=1)
    export(shop, str(tmp_path))
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted(f"{name}.parquet" for name in NAMES)


def test_an_export_that_fails_leaves_the_earlier_one(
    shop: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(shop, str(tmp_path))
    before = {one.name: one.read_bytes() for one in tmp_path.iterdir()}
    write = FileTarget.write

    def fails(self: FileTarget, table: str, batches: pa.RecordBatchReader) -> int:
        if table == "memberships":
            raise OSError("no space left on device")
        return write(self, table, batches)

    monkeypatch.setattr(FileTarget, "write", fails)
    with pytest.raises(OSError, match="no space"):
        export(shop, str(tmp_path))
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == before


def test_errors_say_what_to_do(shop: Project, tmp_path: Path, database: Database) -> None:
    with pytest.raises(Problem, match="did you mean 'events'"):
        export(shop, str(tmp_path), tables=("event",))
    with pytest.raises(Terminal, match="password authentication failed"):
        export(shop, database.url.replace("s3cret", "wrong"))
    with pytest.raises(Transient, match="cannot be reached"):
        export(shop, f"postgresql://shop@127.0.0.1:{free_port()}/shop")


def test_an_empty_project_exports_empty_tables(tmp_path: Path) -> None:
    (tmp_path / "coterie.yaml").write_text("name: empty\n")
    done = export(Project(tmp_path), str(tmp_path / "out"))
    assert {name: rows for name, rows in done.rows.items() if name != "dates"} == {
        "profiles": 0, "segments": 0, "events": 0, "memberships": 0,
    }  # fmt: skip


def test_names_are_taken_once_and_mixed_values_stay_text() -> None:
    assert named("trait_", ["plan", "Plan", "address.city"]) == ["trait_plan", "trait_plan_2", "trait_address_city"]
    assert typed([1, None, 2.5]).type == pa.float64()
    assert typed([1, "x", [1]]).to_pylist() == ["1", "x", "[1]"]
    assert typed([True, None]).type == pa.bool_()
