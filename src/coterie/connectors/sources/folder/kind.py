"""The kind ``files``: what a source file says about files in a folder or a bucket."""

from __future__ import annotations

from typing import Annotated

from coterie.connectors.sources.folder.files import FilesSource
from coterie.connectors.sources.kinds import Setting
from coterie.connectors.sources.source import Source
from coterie.segments.conditions.form import Form
from coterie.segments.conditions.words import Doc, Text


class Config(Form, frozen=True, kw_only=True):
    """Files by their names: here (``path``), or in S3, Azure or Google Cloud storage (a URL)."""

    path: Annotated[
        Text | tuple[Text, ...],
        Doc("A file or a pattern, or several: `exports/*.csv`, `s3://bucket/orders/**/*.parquet`, `az://…`, `gs://…`."),
    ]
    sheet: Annotated[Text | None, Doc("The sheet of an Excel file; the first when not said.")] = None
    options: Annotated[
        dict[Text, Text] | None,
        Doc(
            "How the cloud is reached, as for the lake: `AWS_REGION`, `AWS_ENDPOINT_URL`, …; else from the environment."
        ),
    ] = None


def open_source(config: Config, setting: Setting) -> Source:
    """Return the files, not yet looked for. Raises: InvalidDefinition for a URL of no known store."""
    patterns = (config.path,) if isinstance(config.path, str) else config.path
    return FilesSource(patterns, setting, config.options or {}, sheet=config.sheet or "")
