"""Files and mappings for tests of the connectors."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from coterie.connectors.mapping import Mapping
from coterie.connectors.mapping_file import parse_mapping
from coterie.connectors.sources.files import take

NOW = 1_800_000_000_000_000
SHOP = {"source": "shop", "profile": "who", "occurred_at": "at", "event": "bought"}


def mapping(**fields: Any) -> Mapping:
    """Return the mapping of a small shop with ``fields`` changed; ``None`` leaves one out."""
    return parse_mapping({key: value for key, value in {**SHOP, **fields}.items() if value is not None})


def written(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    data = text.encode()
    if name.endswith(".gz"):
        data = gzip.compress(data)
    elif name.endswith(".zst"):
        data = pa.Codec("zstd").compress(data).to_pybytes()
    file.write_bytes(data)
    return file


def events(file: Path, rules: Mapping) -> list[dict[str, Any]]:
    """Return the events of a file with their properties read."""
    rows = [row for taken in take(file, rules, now=NOW) for row in taken.events.to_pylist()]
    return [{**row, "properties": json.loads(row["properties"])} for row in rows]


def refused(file: Path, rules: Mapping) -> list[dict[str, Any]]:
    return [row for taken in take(file, rules, now=NOW) for row in taken.refused.to_pylist()]
