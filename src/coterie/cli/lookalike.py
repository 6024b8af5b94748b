"""``coterie lookalike``: models of the kind lookalike, fitted, shown, asked and published."""

from __future__ import annotations

import click

from coterie.cli.scores import add_commands


@click.group("lookalike")
def command() -> None:
    """Who resembles the members of a segment without being one."""


add_commands(command, "lookalike")
