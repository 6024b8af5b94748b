"""``coterie value``: models of the kind value, fitted, shown, asked and published."""

from __future__ import annotations

import click

from coterie.cli.scores import add_commands


@click.group("value")
def command() -> None:
    """How many purchases to expect of everybody, whether they are customers still, and what they are worth."""


add_commands(command, "value")
