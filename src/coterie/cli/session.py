"""What every command shares: the project, the instant it asks about, and where answers go."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click

if TYPE_CHECKING:
    from rich.console import Console

    from coterie.engine.project import Project


class Bar(Protocol):
    """A progress bar under way."""

    def move(self, done: float, note: str = "") -> None: ...


class Session:
    """One call of the command line. Answers go to standard output, remarks and progress to standard error."""

    def __init__(self, folder: Path | None, *, as_json: bool, quiet: bool) -> None:
        self.folder, self.as_json, self.quiet = folder, as_json, quiet

    def project(self) -> Project:
        """Return the project that was named, or the nearest one upwards from here. Raises: NotFound."""
        from coterie.engine.project import Project

        return Project(self.folder) if self.folder else Project.find()

    def root(self) -> Path:
        """Return the folder of that project without opening it. Raises: NotFound."""
        from coterie.engine.project import folder_of

        return self.folder.resolve() if self.folder else folder_of(Path())

    def console(self) -> Console:
        """Return the console on standard output, as wide as the terminal (100 columns when there is none)."""
        from rich.console import Console

        console = Console(highlight=False, soft_wrap=False)
        return console if console.is_terminal else Console(highlight=False, width=110)

    def answer(self, data: Any) -> None:
        """Write ``data`` as one JSON document to standard output, instants as RFC 3339."""
        import msgspec

        from coterie.engine.told import told

        click.echo(msgspec.json.format(msgspec.json.encode(told(data)), indent=2).decode())

    def remark(self, text: str) -> None:
        """Say something beside the answer, on standard error."""
        if not self.quiet and not self.as_json:
            click.echo(click.style(text, dim=True), err=True)

    def warn_when_cold(self) -> None:
        """Say that the first use of the live reader compiles, when nothing of it was compiled on this machine yet."""
        import coterie

        kernels = Path(coterie.__file__).parent / "segments" / "live" / "__pycache__"
        if "NUMBA_CACHE_DIR" not in os.environ and not any(kernels.glob("*.nbi")):
            self.remark("first use of the live reader: compiling its kernels, once, up to half a minute …")

    @contextmanager
    def progress(self, title: str, total: float) -> Iterator[Bar]:
        """Show a progress bar on standard error while the block runs, if somebody can see it."""
        from rich.console import Console

        screen = Console(stderr=True)
        if self.quiet or self.as_json or not screen.is_terminal:
            yield _Silence()
            return
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

        columns = (TextColumn("[bold]{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        with Progress(*columns, TextColumn("[dim]{task.fields[note]}"), console=screen, transient=True) as bars:
            yield _Shown(bars, bars.add_task(title, total=total, note=""))


class _Silence:
    def move(self, done: float, note: str = "") -> None:
        return


class _Shown:
    def __init__(self, bars: Any, task: Any) -> None:
        self._bars, self._task = bars, task

    def move(self, done: float, note: str = "") -> None:
        self._bars.update(self._task, completed=done, note=note)


def instant_at(session: Session, project: Project, text: str | None) -> int:
    """Return the instant that ``--at`` means, the present of the project when it was left out."""
    from coterie.engine.when import instant
    from coterie.segments.instants import rfc3339

    present = project.present()
    if text is None:
        if project.settings.present == "log":
            session.remark(f"as of {rfc3339(present)}, the end of the log (another instant: --at)")
        return present
    return instant(text, present, project.wall(), project.settings.time_zone)
