"""Real shops through three sources each: a file, a bucket and a database leave one and the same log, and the same members."""

from __future__ import annotations

import gzip
import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pg8000.native
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
import yaml

from coterie.engine import definitions
from coterie.engine.ingest import Ingested
from coterie.engine.project import Project
from coterie.engine.publication import publish
from coterie.engine.readers import Memberships, by_batch
from coterie.engine.reconciling.reconcile import reconcile_source
from coterie.engine.sourcing.pull import pull
from coterie.engine.sourcing.sources import source_named
from coterie.identity.merges import Merges
from tests.data.test_real_shops import FILES, MAPPINGS, SEGMENTS
from tests.emulators import Cloud, s3_cloud
from tests.postgres import PASSWORD, USER, Postgres, postgres

pytestmark = pytest.mark.data

TYPES: dict[str, dict[str, tuple[pa.DataType, str]]] = {
    "online_retail": {
        "InvoiceNo": (pa.string(), "text"), "StockCode": (pa.string(), "text"), "Description": (pa.string(), "text"),
        "Quantity": (pa.int64(), "integer"), "InvoiceDate": (pa.timestamp("us"), "timestamp"),
        "UnitPrice": (pa.float64(), "numeric"), "CustomerID": (pa.int64(), "integer"), "Country": (pa.string(), "text"),
    },
    "rees46": {
        "event_time": (pa.timestamp("us", tz="UTC"), "timestamptz"), "event_type": (pa.string(), "text"),
        "product_id": (pa.string(), "text"), "category_id": (pa.string(), "text"), "category_code": (pa.string(), "text"),
        "brand": (pa.string(), "text"), "price": (pa.float64(), "numeric"), "user_id": (pa.int64(), "bigint"),
        "user_session": (pa.string(), "text"),
    },
}  # fmt: skip
"""Column → its type in Parquet and in the database: what each has, not text as in the file."""


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    yield from s3_cloud(tmp_path_factory.mktemp("s3"))


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as found:
        yield found


def project_of(folder: Path, shop: str, fields: dict[str, Any]) -> Project:
    """Return a project with the shop's segments and one source."""
    (folder / "sources").mkdir(parents=True)
    shutil.copytree(MAPPINGS, folder / "mappings")
    shutil.copytree(SEGMENTS / shop, folder / "segments")
    (folder / "coterie.yaml").write_text(f"name: {shop}\n")
    (folder / "sources" / "shop.yaml").write_text(yaml.safe_dump({**fields, "mapping": shop}))
    return Project(folder)


def pulled(project: Project) -> Ingested:
    return pull(project, source_named(project, "shop"), now=project.wall())


def parquet_of(text: bytes, shop: str) -> bytes:
    types = {name: one for name, (one, _) in TYPES[shop].items()}
    convert = pyarrow.csv.ConvertOptions(column_types=types, strings_can_be_null=True, null_values=[""])
    told = io.BytesIO()
    pq.write_table(pyarrow.csv.read_csv(io.BytesIO(text.replace(b" UTC,", b"Z,")), convert_options=convert), told)
    return told.getvalue()


def fill(server: Postgres, text: bytes, shop: str) -> str:
    """Return the address of a database with the shop's rows in the table ``lines``."""
    database = server.database()
    columns = ", ".join(f'"{name}" {kind}' for name, (_, kind) in TYPES[shop].items())
    names = ", ".join(f'"{name}"' for name in TYPES[shop])
    database.run(f"CREATE TABLE lines (row_no bigserial PRIMARY KEY, {columns})")
    connection = pg8000.native.Connection(
        USER, host="127.0.0.1", port=server.server.port, database=database.name, password=PASSWORD
    )
    connection.run(f"COPY lines ({names}) FROM STDIN WITH (FORMAT csv, HEADER true)", stream=io.BytesIO(text))
    connection.close()
    database.close()
    return database.url


def members(project: Project) -> Memberships:
    for segment in definitions.on_disk(project):
        if "thresholds" in (project.root / "segments" / f"{segment.key}.yaml").read_text():
            publish(project, segment.key, project.present())
    return by_batch(definitions.catalog(project), project.events.scan(), Merges([]), [project.present()])


@pytest.mark.parametrize(
    ("shop", "segments"), [("rees46", 8), pytest.param("online_retail", 12, marks=pytest.mark.slow)]
)
def test_three_sources_leave_one_log(
    tmp_path: Path,
    data: Path,
    bucket: Cloud,
    server: Postgres,
    shop: str,
    segments: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = gzip.decompress((data / FILES[shop]).read_bytes())
    with bucket.files.open_output_stream(f"{bucket.bucket}/{shop}/lines.parquet") as file:
        file.write(parquet_of(text, shop))
    address = fill(server, text, shop)
    for name, value in bucket.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SHOP", address)
    ways = {
        "file": {"kind": "files", "path": str(data / FILES[shop])},
        "bucket": {"kind": "files", "path": f"{bucket.url}/{shop}/*.parquet"},
        "database": {"kind": "postgresql", "url": "${SHOP}", "table": "lines", "cursor": "row_no", "aside": "row_no"},
    }
    projects = {way: project_of(tmp_path / way, shop, fields) for way, fields in ways.items()}
    done = {way: pulled(project) for way, project in projects.items()}
    assert len({(one.rows, one.added, one.refused) for one in done.values()}) == 1, done
    logs = {way: project.events.scan() for way, project in projects.items()}
    for way, log in logs.items():
        assert log.num_rows == logs["file"].num_rows
        for column in log.column_names:
            assert log[column].equals(logs["file"][column]), f"{column} differs between a file and a {way}"
    again = {way: pulled(project).rows for way, project in projects.items()}
    assert set(again.values()) == {0}
    for way, project in projects.items():
        reconciled = reconcile_source(project, source_named(project, "shop"), project.wall())
        assert reconciled.is_exact, f"{way}: {reconciled.strange[:3]}"
        assert (reconciled.rows, reconciled.refused) == (done[way].rows, done[way].refused)
        assert sum(one.here for one in reconciled.days.values()) == logs[way].num_rows
    told = {way: members(project) for way, project in projects.items()}
    assert len(told["file"]) >= segments
    assert told["file"] == told["bucket"] == told["database"]
    assert all(told["file"].values())
