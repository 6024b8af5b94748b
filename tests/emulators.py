"""Object stores for tests, each a real server on 127.0.0.1: S3 (moto), Azure (Azurite) and Google Cloud Storage.

A test takes the fixture ``s3``, ``azure`` or ``gcs``, or ``cloud`` for each of the three in turn::

    from tests.emulators import cloud, s3  # noqa: F401

    def test_it(s3: Cloud) -> None:
        write_deltalake(f"{s3.url}/table", rows, storage_options=s3.options)
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.fs as pafs
import pytest
from msgspec import Struct

from tests.servers import Server, free_port

BUCKET = "lake"
AZURITE = Path(__file__).parent / "azurite"
INSTALL = ("npm", "install", "--no-package-lock", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts")
AZURE_ACCOUNT = "devstoreaccount1"
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The account and key that every Azurite has; they are in its documentation."""


class Cloud(Struct, frozen=True, kw_only=True):
    """A bucket. ``url``: "s3://lake"; ``options``: what Delta Lake (object_store) is to be told; ``files``: pyarrow's view.

    ``environment``: variables by which a process finds the same without options. Paths of ``files`` begin with ``bucket``.
    """

    name: str
    url: str
    bucket: str
    endpoint: str
    options: dict[str, str]
    environment: dict[str, str]
    files: Any


def s3_cloud(folder: Path) -> Iterator[Cloud]:
    """Yield a bucket of moto's S3 server."""
    port = free_port()
    server = Server([sys.executable, "-m", "moto.server", "-p", str(port)], port, folder / "moto.log")
    server.start()
    endpoint = f"http://127.0.0.1:{port}"
    environment = {
        "AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1", "AWS_ALLOW_HTTP": "true",
    }  # fmt: skip
    options = {name.lower(): value for name, value in environment.items()}
    files = pafs.S3FileSystem(
        access_key="test", secret_key="test", region="us-east-1", endpoint_override=f"127.0.0.1:{port}",
        scheme="http", allow_bucket_creation=True,
    )  # fmt: skip
    files.create_dir(BUCKET)
    yield Cloud(
        name="s3", url=f"s3://{BUCKET}", bucket=BUCKET, endpoint=endpoint, options=options, environment=environment,
        files=files,
    )  # fmt: skip
    server.kill()


def azure_cloud(folder: Path) -> Iterator[Cloud]:
    """Yield a container of Azurite; skips the test where it is not installed."""
    port = free_port()
    start = ["--silent", "--skipApiVersionCheck", "--blobHost", "127.0.0.1", "--blobPort", str(port)]
    server = Server([*azurite(), *start, "--location", str(folder)], port, folder / "azurite.log")
    server.start()
    authority = f"127.0.0.1:{port}"
    endpoint = f"http://{authority}/{AZURE_ACCOUNT}"
    environment = {"AZURE_STORAGE_USE_EMULATOR": "true", "AZURITE_BLOB_STORAGE_URL": f"http://{authority}"}
    options = {"azure_storage_use_emulator": "true"}
    before = os.environ.get("AZURITE_BLOB_STORAGE_URL")
    os.environ["AZURITE_BLOB_STORAGE_URL"] = f"http://{authority}"  # object_store reads it from the environment only
    files = pafs.AzureFileSystem(
        AZURE_ACCOUNT, account_key=AZURE_KEY, blob_storage_authority=authority, blob_storage_scheme="http",
        dfs_storage_authority=authority, dfs_storage_scheme="http",
    )  # fmt: skip
    files.create_dir(BUCKET)
    yield Cloud(
        name="azure", url=f"az://{BUCKET}", bucket=BUCKET, endpoint=endpoint, options=options,
        environment=environment, files=files,
    )  # fmt: skip
    server.kill()
    os.environ.pop("AZURITE_BLOB_STORAGE_URL")
    if before is not None:
        os.environ["AZURITE_BLOB_STORAGE_URL"] = before


def azurite() -> list[str]:
    """Return the command of Azurite's blob service, installed beside the tests in exactly the version of its package.json."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node.js is not installed (apt-get install nodejs npm)")
    version = json.loads((AZURITE / "package.json").read_text())["dependencies"]["azurite"]
    package = AZURITE / "node_modules" / "azurite"
    with Path(tempfile.gettempdir(), "coterie-tests-azurite.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        manifest = package / "package.json"
        if not manifest.exists() or json.loads(manifest.read_text())["version"] != version:
            done = subprocess.run(INSTALL, cwd=AZURITE, capture_output=True, text=True, timeout=300, check=False)
            if done.returncode:
                pytest.skip(f"npm cannot install Azurite here: {done.stderr[-300:]}")
    return ["node", str(package / "dist" / "src" / "blob" / "main.js")]


def gcs_cloud(folder: Path) -> Iterator[Cloud]:
    """Yield a bucket of the tests' own Google Cloud Storage."""
    port = free_port()
    server = Server(
        [sys.executable, str(Path(__file__).with_name("gcs.py")), str(port), BUCKET], port, folder / "gcs.log"
    )
    server.start()
    authority = f"127.0.0.1:{port}"
    account = {"gcs_base_url": f"http://{authority}", "disable_oauth": True, "client_email": "", "private_key": "", "private_key_id": ""}  # fmt: skip
    options = {"google_service_account_key": json.dumps(account), "google_skip_signature": "true", "allow_http": "true"}
    environment = {"GOOGLE_SERVICE_ACCOUNT_KEY": json.dumps(account), "GOOGLE_SKIP_SIGNATURE": "true"}
    files = pafs.GcsFileSystem(anonymous=True, endpoint_override=authority, scheme="http")
    yield Cloud(
        name="gcs", url=f"gs://{BUCKET}", bucket=BUCKET, endpoint=f"http://{authority}", options=options,
        environment=environment, files=files,
    )  # fmt: skip
    server.kill()


MAKERS: dict[str, Callable[[Path], Iterator[Cloud]]] = {"s3": s3_cloud, "azure": azure_cloud, "gcs": gcs_cloud}


@pytest.fixture
def s3(tmp_path: Path) -> Iterator[Cloud]:
    yield from s3_cloud(tmp_path)


@pytest.fixture
def azure(tmp_path: Path) -> Iterator[Cloud]:
    yield from azure_cloud(tmp_path)


@pytest.fixture
def gcs(tmp_path: Path) -> Iterator[Cloud]:
    yield from gcs_cloud(tmp_path)


@pytest.fixture(params=sorted(MAKERS))
def cloud(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cloud]:
    yield from MAKERS[request.param](tmp_path)
