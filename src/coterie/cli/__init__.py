"""The command line: one file per command, loaded when it is called. Exit codes are in ``coterie.cli.exits``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from coterie.cli.commands import coterie
from coterie.cli.exits import FAILED, INTERRUPTED, INVALID, OK
from coterie.errors import CoterieError, Terminal


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code; errors are told without a traceback."""
    try:
        words = None if arguments is None else list(arguments)
        code = coterie.main(args=words, prog_name="coterie", standalone_mode=False)
    except CoterieError as error:
        _tell(error)
        code = error.exit_code
    except click.exceptions.Abort:
        click.echo("interrupted", err=True)
        code = INTERRUPTED
    except click.ClickException as error:
        error.show()
        code = INVALID
    except BrokenPipeError:
        sys.stderr.close()
        code = OK
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        _tell(Terminal(f"{place}{error.strerror or error}"))
        code = FAILED
    sys.exit(code if isinstance(code, int) else OK)


def _tell(error: CoterieError) -> None:
    first, *rest = str(error).splitlines()
    click.echo(f"{click.style('error:', fg='red', bold=True)} {first}", err=True)
    for line in rest:
        click.echo(click.style(line, dim=True) if line.startswith("  ") else line, err=True)
