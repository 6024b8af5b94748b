"""Reports of commands: a page with ``--html``, and each of its pictures as a file with ``--png``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from msgspec import Struct

from coterie.cli.session import Session

C = TypeVar("C", bound=Callable[..., Any])
HTML = click.option(
    "--html", "page", type=click.Path(path_type=Path), help="Write a page with tables and pictures here."
)
PNG = click.option(
    "--png", "folder", type=click.Path(path_type=Path, file_okay=False), help="Write each picture into this folder."
)


class Wanted(Struct, frozen=True):
    """Where a report is to be written, if anywhere."""

    page: Path | None = None
    folder: Path | None = None

    def write(self, session: Session, question: str, *parts: Any) -> None:
        """Write what is wanted of the report that answers ``question``, and say where it lies. It is made only when it is wanted."""
        if self.page is None and self.folder is None:
            return
        from coterie.engine.learning.pages import REPORTS

        made = REPORTS[question](*parts)
        if self.page is not None:
            self.page.write_text(made.html(), encoding="utf-8")
            session.remark(f"written: {self.page}")
        if self.folder is not None:
            from coterie.engine.learning.pictures import png

            self.folder.mkdir(parents=True, exist_ok=True)
            for picture in made.pictures:
                file = self.folder / f"{picture.name}.png"
                file.write_bytes(png(picture))
                session.remark(f"written: {file}")


def reported(command: C) -> C:
    """Add the options ``--html`` and ``--png``: the command takes ``page`` and ``folder``."""
    return HTML(PNG(command))
