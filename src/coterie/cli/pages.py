"""The page of the command line, written from the commands themselves: ``docs/cli.md``."""

from __future__ import annotations

from collections.abc import Iterator

import click

from coterie.cli.commands import COMMANDS, coterie
from coterie.cli.exits import MEANINGS

_INTRODUCTION = """\
# The command line

Written by `python -m coterie.cli.pages`; a test keeps it true to the code.

Answers go to standard output, remarks and progress to standard error. `--json` makes every answer one JSON document with
instants in RFC 3339. A project is found in the current folder or above it, or named with `--project` or
the environment variable `COTERIE_PROJECT`.

An instant (`--at`, `--until`, `--since`) is RFC 3339 (`2026-01-31T10:00:00Z`), a date, `3d ago` (before the project's present),
`now` (the wall clock) or `end` (the project's present). The present of a project is the end of its log, or the wall clock when
`coterie.yaml` says `present: clock`.
"""


def page() -> str:
    """Return the whole page as Markdown."""
    lines = [_INTRODUCTION, "## Exit codes", "", "| code | means |", "|---|---|"]
    lines += [f"| {code} | {meaning} |" for code, meaning in MEANINGS.items()]
    lines += ["", "## Options of every command", "", *_options(coterie), ""]
    context = click.Context(coterie, info_name="coterie")
    for name in COMMANDS:
        command = coterie.get_command(context, name)
        assert command is not None
        lines += _command(command, click.Context(command, info_name=name, parent=context), f"coterie {name}", "##")
    return "\n".join(lines).rstrip() + "\n"


def _command(command: click.Command, context: click.Context, name: str, heading: str) -> Iterator[str]:
    yield f"{heading} `{name}`"
    yield ""
    usage = " ".join(piece for piece in command.collect_usage_pieces(context))
    yield f"    {name} {usage}".rstrip()
    yield ""
    yield from (line.strip() for line in (command.help or "").strip().splitlines())
    yield ""
    options = list(_options(command))
    if options:
        yield from options
        yield ""
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            assert found is not None
            yield from _command(found, click.Context(found, info_name=inner, parent=context), f"{name} {inner}", "###")


def _options(command: click.Command) -> Iterator[str]:
    found = [one for one in command.params if isinstance(one, click.Option)]
    if found:
        yield "| option | means |"
        yield "|---|---|"
    for option in found:
        names = ", ".join(f"`{name}`" for name in option.opts)
        default = f" Default: {option.default}." if option.show_default and option.default not in (None, "") else ""
        yield f"| {names} | {option.help or ''}{default} |"


if __name__ == "__main__":
    click.echo(page(), nl=False)
