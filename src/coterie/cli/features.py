"""``coterie features``: what is measured of people, as of any instant."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from coterie.cli.features_explored import explore, scales
from coterie.cli.psychographics import interests, text
from coterie.cli.session import Session, instant_at

if TYPE_CHECKING:
    from coterie.engine.learning.features import Summary
    from coterie.features.table import FeatureTable

ENDINGS = (".parquet", ".csv")


@click.group("features")
def command() -> None:
    """Measure everybody: feature sets in features/, built as of any instant without looking ahead."""


for _one in (explore, scales, interests, text):
    command.add_command(_one)


@command.command("list")
@click.pass_obj
def list_sets(session: Session) -> None:
    """List the feature sets: whom they measure, and how much."""
    from coterie.engine.learning.features import told
    from coterie.engine.learning.tables import feature_sets

    project = session.project()
    found = [told(project, one) for one in feature_sets(project)]
    if session.as_json:
        session.answer(found)
        return
    from rich.markup import escape

    from coterie.cli.tables import plain_table

    table = plain_table(
        "set",
        "title",
        "version",
        "features",
        "of whom",
        "live",
        right=("version", "features"),
        styles={"set": "bold cyan"},
    )
    for one in found:
        live = "[green]yes[/]" if not one.refusals else "[dim]when frozen[/]"
        table.add_row(one.key, escape(one.title), str(one.version), str(len(one.features)), escape(one.who), live)
    session.console().print(table if found else "no feature sets: write one in features/")


@command.command("show")
@click.argument("key")
@click.pass_obj
def show(session: Session, key: str) -> None:
    """Show every feature of the set KEY, and what stands against following it live."""
    from coterie.engine.learning.features import told
    from coterie.engine.learning.tables import feature_set_of

    project = session.project()
    one = told(project, feature_set_of(project, key))
    if session.as_json:
        session.answer(one)
        return
    from rich.markup import escape

    from coterie.cli.tables import plain_table

    console = session.console()
    console.print(f"[bold]{escape(one.title or one.key)}[/] · version {one.version} · of {escape(one.who)}")
    if one.description:
        console.print(f"[dim]{escape(one.description)}[/]")
    table = plain_table("feature", "kind", "unit", "what", styles={"feature": "bold cyan", "unit": "dim"})
    for feature in one.features:
        table.add_row(feature.name, feature.kind, escape(feature.unit), escape(feature.says))
    console.print(table)
    for reason in one.refusals:
        console.print(f"[yellow]not live as written:[/] {escape(reason)}")
    if one.refusals:
        session.remark(
            "a model keeps what it was fitted on; to fix it in the file: coterie features build KEY --freeze"
        )


@command.command("check")
@click.pass_obj
def check(session: Session) -> int:
    """Check every feature set and tell every error at once. Exits with 2 if there are any."""
    from coterie.cli.exits import INVALID, OK
    from coterie.engine.learning.features import check as checked
    from coterie.engine.learning.features import unheard
    from coterie.engine.learning.tables import feature_sets, plan_of

    project = session.project()
    problems = checked(project)
    sets = [] if problems else feature_sets(project)
    strange = {one.key: unheard(project, plan_of(project, one)) for one in sets}
    if session.as_json:
        told = [{"where": one.where, "what": one.what, "allowed": one.allowed, "hint": one.hint} for one in problems]
        names = {key: [name for name, _ in found] for key, found in strange.items() if found}
        session.answer({"sets": len(sets), "problems": told, "unheard": names})
        return INVALID if problems else OK
    from rich.markup import escape

    console = session.console()
    for problem in problems:
        console.print(f"[red]✗[/] {escape(str(problem))}")
    if problems:
        return INVALID
    console.print(f"[green]✓[/] {len(sets)} feature set{'s' * (len(sets) != 1)} valid")
    for key, found in strange.items():
        for name, hint in found:
            session.remark(f"{key}: the log has no event {name!r}{f', {hint}' if hint else ''}")
    return OK


@command.command("build")
@click.argument("key")
@click.option("--at", "when", help="The instant as of which people are measured (default: the project's present).")
@click.option("--population", help="Only the members of this segment, instead of the set's own population.")
@click.option("--to", "path", type=click.Path(path_type=Path), help="Write the table here: .parquet or .csv.")
@click.option(
    "--freeze", is_flag=True, help="Write fifths and frequent values into the set's file, so that they stand still."
)
@click.pass_obj
def build_table(
    session: Session, key: str, when: str | None, population: str | None, path: Path | None, freeze: bool
) -> None:
    """Measure everybody for the set KEY as of an instant; only what had arrived by then counts."""
    if path is not None and path.suffix not in ENDINGS:
        raise click.BadParameter(f"{path.name}: a table ends in {' or '.join(ENDINGS)}", param_hint="--to")
    from coterie.engine.learning.features import summaries
    from coterie.engine.learning.freezing import freeze as write_frozen
    from coterie.engine.learning.tables import arrow_of, build, feature_set_of

    project = session.project()
    at = instant_at(session, project, when)
    with session.progress("measuring", 3) as bar:
        feature_set = feature_set_of(project, key)
        bar.move(1, "scanning the log")
        built = build(project, feature_set, at, population=population)
        bar.move(2, "writing")
        if path is not None:
            _write(path, arrow_of(built.table))
    file = write_frozen(project, built.feature_set) if freeze else ""
    found = summaries(built.table)
    if session.as_json:
        frozen = built.feature_set.frozen
        told: dict[str, Any] = {"key": key, "at": built.table.at, "people": len(built.table), "features": found}
        session.answer(told | {"frozen": frozen, "path": "" if path is None else str(path), "written": file})
        return
    _show(session, built.table, found)
    if path is not None:
        session.remark(f"written: {path}")
    if file:
        session.remark(f"frozen in {file}")


def _write(path: Path, table: Any) -> None:
    if path.suffix == ".csv":
        from pyarrow import csv

        csv.write_csv(table, path)
    else:
        from pyarrow import parquet

        parquet.write_table(table, path)


def _show(session: Session, table: FeatureTable, found: tuple[Summary, ...]) -> None:
    from rich.markup import escape

    from coterie.cli.tables import plain_table
    from coterie.segments.instants import rfc3339

    console = session.console()
    console.print(f"{len(table):,} people as of {rfc3339(table.at)}")
    shown = plain_table(
        "feature", "known", "mean", "median", "least", "most", "unit", right=("known", "mean", "median", "least", "most"),
        styles={"feature": "bold cyan", "unit": "dim"},
    )  # fmt: skip
    for one in found:
        share = f"{one.known / len(table):.0%}" if len(table) else ""
        if one.kind == "category":
            top = ", ".join(f"{name} {count:,}" for name, count in one.top[:3])
            shown.add_row(one.name, share, "", "", "", "", escape(top))
        else:
            shown.add_row(
                one.name, share, *(_figure(x) for x in (one.mean, one.median, one.least, one.most)), escape(one.unit)
            )
    console.print(shown)


def _figure(value: object) -> str:
    return (
        f"{value:,.4g}"
        if isinstance(value, float) and abs(value) < 1e5
        else f"{value:,.0f}"
        if isinstance(value, float)
        else "–"
    )
