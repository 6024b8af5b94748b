"""The group of all commands: names and one-line helps here, each command's module loaded when it is called."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import click

from coterie.cli.session import Session

COMMANDS: dict[str, str] = {
    "demo": "Serve a simulated shop and watch people enter and leave its segments.",
    "init": "Make a project folder with examples.",
    "serve": "Take events over HTTP, keep segments up to date, answer and act.",
    "keys": "List, create, rotate and revoke the keys of the server.",
    "ingest": "Bring files into the log through a mapping.",
    "sources": "Read files, clouds, databases, services and streams: try them out, pull them.",
    "validate": "Check definitions and mappings; tell every error at once.",
    "plan": "Show who would enter and leave if the definitions on disk were applied.",
    "apply": "Put the definitions on disk into force.",
    "segments": "List the segments with their sizes.",
    "members": "List the members of a segment, now or at any instant.",
    "preview": "Chart a segment's size over time, its overlaps and its cost.",
    "explain": "Say why a profile is in a segment or not, and when that changes.",
    "replay": "Drive the live reader through history and keep every membership change.",
    "export": "Write a star schema for BI tools: Parquet, CSV, PostgreSQL, Tableau.",
    "verify": "Prove that the three readers agree, or show where they differ.",
    "profile": "Show a person: traits, timeline, memberships and their causes.",
    "says": "Say a segment in one English sentence.",
    "features": "Measure everybody as of any instant: feature sets, tables, what they look like.",
    "thresholds": "Publish the cut points of `top` and `rfm` segments.",
    "lists": "Show the lists of people and take their changes into the log.",
    "identities": "Show what a person is called and why; merge by hand, or take a merge back.",
    "match": "Find profiles that are probably one person; accept or reject them.",
    "quarantine": "List the rows that were refused, or replay them.",
    "standards": "Show the rules that make values normal, and try them on events.",
    "catalogue": "List every field: types, amounts, owner, where it comes from, who uses it.",
    "lake": "Look at the Delta tables and tidy them; write the tables of people.",
    "quality": "Check the data of each day; list, report and accept what was found.",
    "reconcile": "Compare a source with what landed of it, per day, down to the missing ids.",
    "cluster": "Find groups of people who are alike: fit, choose, explain, publish, compare.",
    "value": "Expected purchases, still a customer or not, lifetime value: fit, score, report, publish.",
    "propensity": "How probable it is that somebody does something soon: fit, score, report, publish.",
    "lookalike": "Who resembles the members of a segment: fit, score, report, publish.",
    "drift": "Whether models and segments still describe the people; refit beside them, promote or keep.",
    "models": "List and show what was learned; verify signatures, trust keys, exchange models.",
    "privacy": "Give what is kept of a person, erase people with a signed receipt, and keep retention.",
    "schema": "Print the JSON Schema of segments, feature sets, models or the tracking plan.",
}
"""Command → its help, in the order in which they are shown."""


ANYWHERE = ("--json", "--quiet", "-q")
"""Options of every command: they may stand before the command's name or after it."""


def foremost(words: list[str]) -> list[str]:
    """Return ``words`` with the options that every command has in front, so that they may be written anywhere.

    >>> foremost(["members", "vip", "--json", "--project", "shop"])
    ['--json', '--project', 'shop', 'members', 'vip']
    """
    front: list[str] = []
    rest: list[str] = []
    left = iter(words)
    for word in left:
        if word == "--":
            rest += [word, *left]
        elif word in ANYWHERE or word.startswith("--project="):
            front.append(word)
        elif word == "--project":
            front += [word, *([value] if (value := next(left, None)) is not None else [])]
        else:
            rest.append(word)
    return front + rest


class Commands(click.Group):
    """A group that imports ``coterie.cli.<command>`` only when that command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command = import_module(f"coterie.cli.{name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, foremost(args))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from coterie.errors import nearest

            raise click.UsageError(f"no command {args[0]!r}. {nearest(args[0], COMMANDS)}".rstrip(), ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option(
    "--project",
    "folder",
    type=click.Path(path_type=Path),
    envvar="COTERIE_PROJECT",
    help="The project folder (default: the nearest one upwards from here).",
)
@click.option("--json", "as_json", is_flag=True, help="Answer with one JSON document on standard output.")
@click.option("--quiet", "-q", is_flag=True, help="Say only what was asked for: no progress, no remarks.")
@click.version_option(package_name="coterie", message="coterie %(version)s")
@click.pass_context
def coterie(ctx: click.Context, folder: Path | None, as_json: bool, quiet: bool) -> None:
    """Coterie: customer segments with one definition and one answer.

    A project is a folder with coterie.yaml, segments/, mappings/, lists/ and thresholds/. Begin with
    `coterie init my-shop`, then `cd my-shop` and follow its README.
    """
    ctx.obj = Session(folder, as_json=as_json, quiet=quiet)
