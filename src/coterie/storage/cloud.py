"""Where a URL leads: the local disk, S3, Azure Data Lake Storage or Google Cloud Storage, as one kind of file system."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow.fs as fs

from coterie.errors import InvalidDefinition, Problem

SCHEMES: dict[str, str] = {
    "": "local", "file": "local", "s3": "s3", "s3a": "s3", "az": "azure", "azure": "azure", "adl": "azure",
    "abfs": "azure", "abfss": "azure", "gs": "gcs", "gcs": "gcs",
}  # fmt: skip
"""Scheme of a URL → whose store it is."""
EMULATED_ACCOUNT = "devstoreaccount1"
EMULATED_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The account that every Azure emulator has; it is public."""


def store_of(url: str) -> str:
    """Return whose store a URL leads to: ``local``, ``s3``, ``azure`` or ``gcs``. Raises: InvalidDefinition.

    >>> store_of("s3://lake/events"), store_of("exports/orders.csv")
    ('s3', 'local')
    """
    scheme = url.split("://", 1)[0].lower() if "://" in url else ""
    if scheme not in SCHEMES:
        allowed = "a path, s3://, az:// or abfss://, gs://"
        raise InvalidDefinition([Problem("no store has this scheme", where="url", received=url, allowed=allowed)])
    return SCHEMES[scheme]


def filesystem(
    url: str, options: Mapping[str, str], environment: Mapping[str, str], root: Path = Path()
) -> tuple[fs.FileSystem, str]:
    """Return the file system that ``url`` leads to, and the path there. No connection is made.

    ``options`` and the environment bear the names that object stores are configured with everywhere: ``AWS_ACCESS_KEY_ID``,
    ``AWS_SECRET_ACCESS_KEY``, ``AWS_SESSION_TOKEN``, ``AWS_REGION``, ``AWS_ENDPOINT_URL``; ``AZURE_STORAGE_ACCOUNT_NAME``,
    ``AZURE_STORAGE_ACCOUNT_KEY``, ``AZURE_STORAGE_SAS_TOKEN``, ``AZURE_STORAGE_CLIENT_ID``, ``…_SECRET``, ``…_TENANT_ID``;
    ``GOOGLE_SERVICE_ACCOUNT``; without any, each library looks where it always does. A local path that is not absolute begins at
    ``root``. Raises: InvalidDefinition.
    """
    store = store_of(url)
    if store == "local":
        here = Path(urlsplit(url).path if url.startswith("file:") else url).expanduser()
        return fs.LocalFileSystem(), str(here if here.is_absolute() else (root / here).absolute())
    said = _Options(options, environment)
    parts = urlsplit(url)
    bucket, path = parts.netloc, parts.path.strip("/")
    if store == "azure" and "@" in bucket:
        bucket, host = bucket.split("@", 1)
        said.account = host.split(".", 1)[0]
    place = f"{bucket}/{path}".rstrip("/")
    return {"s3": _s3, "azure": _azure, "gcs": _gcs}[store](said), place


class _Options:
    """Options by any of their names, in any case; what stands in the file comes before the environment."""

    def __init__(self, options: Mapping[str, str], environment: Mapping[str, str]) -> None:
        self._said = {name.lower(): value for name, value in environment.items()}
        self._said |= {name.lower(): value for name, value in options.items()}
        self.account = ""

    def __call__(self, *names: str) -> str | None:
        return next((self._said[name] for name in names if self._said.get(name)), None)


def _endpoint(url: str | None) -> dict[str, Any]:
    """Return the address of a store that is not the usual one, as its host and how it is spoken to."""
    if url is None:
        return {}
    parts = urlsplit(url if "://" in url else f"https://{url}")
    return {"endpoint_override": parts.netloc, "scheme": parts.scheme}


def _s3(said: _Options) -> fs.FileSystem:
    known = {
        "access_key": said("aws_access_key_id", "access_key_id"),
        "secret_key": said("aws_secret_access_key", "secret_access_key"),
        "session_token": said("aws_session_token", "session_token"),
        "region": said("aws_region", "region", "aws_default_region"),
    }
    anonymous = said("aws_skip_signature", "skip_signature") == "true"
    given = {name: value for name, value in known.items() if value is not None and not (anonymous and name != "region")}
    endpoint = _endpoint(said("aws_endpoint_url_s3", "aws_endpoint_url", "aws_endpoint", "endpoint_url", "endpoint"))
    return fs.S3FileSystem(
        **given, **endpoint, anonymous=anonymous, connect_timeout=10, request_timeout=60,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=3),
    )  # fmt: skip


def _azure(said: _Options) -> fs.FileSystem:
    if said("azure_storage_use_emulator", "use_emulator") == "true":
        authority = urlsplit(said("azurite_blob_storage_url") or "http://127.0.0.1:10000").netloc
        return fs.AzureFileSystem(
            said.account or said("azure_storage_account_name", "account_name") or EMULATED_ACCOUNT,
            account_key=said("azure_storage_account_key", "account_key") or EMULATED_KEY,
            blob_storage_authority=authority, blob_storage_scheme="http",
            dfs_storage_authority=authority, dfs_storage_scheme="http",
        )  # fmt: skip
    account = said.account or said("azure_storage_account_name", "account_name") or ""
    if not account:
        hint = "set AZURE_STORAGE_ACCOUNT_NAME, or write abfss://container@account.dfs.core.windows.net/…"
        raise InvalidDefinition([Problem("no storage account is named", where="options", hint=hint)])
    known = {
        "account_key": said("azure_storage_account_key", "azure_storage_access_key", "account_key", "access_key"),
        "sas_token": said("azure_storage_sas_token", "azure_storage_sas_key", "sas_token", "sas_key"),
        "client_id": said("azure_storage_client_id", "azure_client_id", "client_id"),
        "client_secret": said("azure_storage_client_secret", "azure_client_secret", "client_secret"),
        "tenant_id": said("azure_storage_tenant_id", "azure_tenant_id", "tenant_id"),
    }
    return fs.AzureFileSystem(account, **{name: value for name, value in known.items() if value is not None})


def _gcs(said: _Options) -> fs.FileSystem:
    key = said("google_service_account_key", "service_account_key")
    account = json.loads(key) if key else {}
    endpoint = _endpoint(account.get("gcs_base_url") or said("google_endpoint_url", "storage_emulator_host"))
    anonymous = said("google_skip_signature") == "true" or bool(account.get("disable_oauth"))
    return fs.GcsFileSystem(anonymous=anonymous, **endpoint)
