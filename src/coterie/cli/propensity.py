"""``coterie propensity``: models of the kind propensity, fitted, shown, asked and published."""

from __future__ import annotations

import click

from coterie.cli.scores import add_commands


@click.group("propensity")
def command() -> None:
    """How probable it is that somebody does something soon, or does it no more."""


add_commands(command, "propensity")
