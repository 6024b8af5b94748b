"""Files in S3, Azure and Google Cloud storage, on real servers of each: read in pieces, new ones noticed, troubles by name."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from coterie.connectors.sources.failures import Absent, CredentialsRefused, Truncated, Unreachable
from coterie.errors import CoterieError
from tests.connectors.sources.contract import keeps_order, pages, refuses, rows_of
from tests.connectors.sources.folders import SMALL, csv_of, files, lines, opened
from tests.emulators import Cloud, azure, cloud, s3  # noqa: F401
from tests.servers import Server, free_port, running


def put(cloud: Cloud, name: str, content: bytes) -> None:  # noqa: F811
    with cloud.files.open_output_stream(f"{cloud.bucket}/{name}") as file:
        file.write(content)


def options_of(cloud: Cloud) -> dict[str, str]:  # noqa: F811
    return {name.upper(): value for name, value in {**cloud.options, **cloud.environment}.items()}


def test_a_bucket_is_read_in_pieces_and_read_on(
    tmp_path: Path,
    cloud: Cloud,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(files, "FINE", SMALL)
    options = options_of(cloud)
    table = tmp_path / "b.parquet"
    pq.write_table(pa.Table.from_pylist(lines(10, 20)), table)
    put(cloud, "orders/2026/a.csv", csv_of(lines(0, 10)).encode())
    put(cloud, "orders/2026/b.parquet", table.read_bytes())
    put(cloud, "orders/_SUCCESS", b"")
    url = f"{cloud.url}/orders/**/*"
    rows = keeps_order(lambda: opened(tmp_path, path=url, options=options), 20, rounds=2)
    assert [json.loads(row)["who"] for row in rows] == [one["who"] for one in lines(0, 20)]
    position = pages(opened(tmp_path, path=url, options=options))[-1].position
    put(cloud, "orders/2027/c.csv", csv_of(lines(20, 22)).encode())
    assert len(rows_of(pages(opened(tmp_path, path=url, options=options), position))) == 2
    put(cloud, "orders/2026/a.csv", csv_of(lines(0, 5)).encode())
    refuses(Truncated, lambda: pages(opened(tmp_path, path=url, options=options), position), "a.csv")
    refuses(Absent, lambda: pages(opened(tmp_path, path=f"{cloud.url}/orders/none.csv", options=options)), "none.csv")


def test_nobody_answers(tmp_path: Path) -> None:
    options = {
        "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}",
    }  # fmt: skip
    refuses(Unreachable, lambda: pages(opened(tmp_path, path="s3://lake/a.csv", options=options)), "s3://lake")


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (
            "When listing objects under key '' in bucket 'b': AWS Error ACCESS_DENIED during ListObjectsV2 operation",
            CredentialsRefused,
        ),
        ("AWS Error UNKNOWN (HTTP status 403) during HeadObject operation: No response body.", CredentialsRefused),
        ("AWS Error NO_SUCH_BUCKET during ListObjectsV2 operation: The specified bucket does not exist", Absent),
        (
            "AWS Error NETWORK_CONNECTION during HeadObject operation: curlCode: 7, Could not connect to server",
            Unreachable,
        ),
    ],
)
def test_what_a_store_says_is_understood(said: str, error: type[CoterieError]) -> None:
    from coterie.connectors.sources.folder.troubles import trouble

    assert type(trouble(OSError(said), "s3://b/a.csv")) is error


def test_wrong_keys_are_refused_by_s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INITIAL_NO_AUTH_ACTION_COUNT", "0")  # moto asks for keys that it knows, and knows none
    port = free_port()
    with running(Server([sys.executable, "-m", "moto.server", "-p", str(port)], port, tmp_path / "moto.log")):
        options = {
            "AWS_ACCESS_KEY_ID": "wrong", "AWS_SECRET_ACCESS_KEY": "wrong", "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        }  # fmt: skip
        for path in ("s3://lake/*.csv", "s3://lake/a.csv"):
            refuses(CredentialsRefused, lambda: pages(opened(tmp_path, path=path, options=options)), path)  # noqa: B023


def test_a_wrong_key_is_refused_by_azure(tmp_path: Path, azure: Cloud) -> None:  # noqa: F811
    options = {**options_of(azure), "AZURE_STORAGE_ACCOUNT_KEY": "d3Jvbmc="}
    refuses(CredentialsRefused, lambda: pages(opened(tmp_path, path=f"{azure.url}/*.csv", options=options)), azure.url)


def test_a_bucket_that_is_not_there(tmp_path: Path, s3: Cloud) -> None:  # noqa: F811
    options: dict[str, Any] = options_of(s3)
    refuses(Absent, lambda: pages(opened(tmp_path, path="s3://nowhere/*.csv", options=options)), "nowhere")
