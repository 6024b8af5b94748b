"""The object stores of the tests keep what the two libraries that speak to them write, and refuse a second commit of one version."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.fs as pafs
import pytest
from deltalake import DeltaTable, write_deltalake

from tests.emulators import Cloud, cloud  # noqa: F401


def test_both_libraries_see_one_store(cloud: Cloud) -> None:  # noqa: F811
    rows = pa.table({"a": list(range(1000))})
    for _ in range(3):
        write_deltalake(f"{cloud.url}/folder/table", rows, mode="append", storage_options=cloud.options)
    table = DeltaTable(f"{cloud.url}/folder/table", storage_options=cloud.options)
    assert table.version() == 2
    assert table.to_pyarrow_table().num_rows == 3000
    found = cloud.files.get_file_info(pafs.FileSelector(f"{cloud.bucket}/folder/table", recursive=True))
    assert sum(one.path.endswith(".parquet") for one in found) == 3
    with cloud.files.open_output_stream(f"{cloud.bucket}/folder/text.bin") as file:
        file.write(b"hello world")
    with cloud.files.open_input_file(f"{cloud.bucket}/folder/text.bin") as file:
        assert file.read_at(5, 6) == b"world"
        assert file.size() == 11
    cloud.files.delete_file(f"{cloud.bucket}/folder/text.bin")
    with pytest.raises(FileNotFoundError):
        cloud.files.open_input_file(f"{cloud.bucket}/folder/text.bin")


def test_two_handles_never_commit_the_same_version(cloud: Cloud) -> None:  # noqa: F811
    url, rows = f"{cloud.url}/table", pa.table({"a": [1, 2, 3]})
    write_deltalake(url, rows, storage_options=cloud.options)
    handles = [DeltaTable(url, storage_options=cloud.options) for _ in range(3)]
    for handle in handles:
        write_deltalake(handle, rows, mode="append")
    assert DeltaTable(url, storage_options=cloud.options).to_pyarrow_table().num_rows == 12
