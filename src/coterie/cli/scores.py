"""What ``value``, ``propensity`` and ``lookalike`` share: their commands, and how they show a model and its scores."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from coterie.cli.session import Session, instant_at

if TYPE_CHECKING:
    from coterie.engine.learning.scoring import Kind
    from coterie.learned.artefact import Artefact

AT = click.option("--at", "when", help="The instant as of which people are looked at (default: the project's present).")
VERSION = click.option("--version", type=int, help="A version (default: the published one, else the newest).")


def add_commands(group: click.Group, kind: Kind) -> None:
    """The group has the commands fit, score, report, publish and withdraw for models of that kind."""

    @group.command("fit")
    @click.argument("key")
    @AT
    @click.option("--publish", "then_publish", is_flag=True, help="Publish it at once.")
    @click.option("--html", "page", type=click.Path(path_type=Path), help="Write the report of the fit here.")
    @click.pass_obj
    def fit(session: Session, key: str, when: str | None, then_publish: bool, page: Path | None) -> int:
        """Fit the model KEY (models/KEY.yaml) as of an instant, test it on later data, keep it as the next version."""
        return _fit(session, kind, key, when, then_publish, page)

    @group.command("score")
    @click.argument("key")
    @AT
    @VERSION
    @click.option("--top", default=20, show_default=True, help="How many people to show.")
    @click.option("--to", "path", type=click.Path(path_type=Path), help="Write everybody here: .csv or .parquet.")
    @click.pass_obj
    def score(session: Session, key: str, when: str | None, version: int | None, top: int, path: Path | None) -> None:
        """Say what the model KEY says of everybody, the highest first. Nothing is published by that."""
        _score(session, kind, key, when, version, top, path)

    _add_deeds(group, kind)


def _add_deeds(group: click.Group, kind: Kind) -> None:
    @group.command("report")
    @click.argument("key")
    @VERSION
    @click.option("--html", "page", type=click.Path(path_type=Path), help="Write it as one page of HTML.")
    @click.pass_obj
    def report(session: Session, key: str, version: int | None, page: Path | None) -> None:
        """Show how good a version of the model KEY is: its numbers, their errors, and how it did on data it had not seen."""
        from coterie.engine.learning.scoring import model_then

        artefact = model_then(session.project(), kind, key, version)
        _page(session, artefact, page)
        show_fit(session, artefact)

    @group.command("publish")
    @click.argument("key")
    @click.option("--version", type=int, help="A version (default: the newest).")
    @click.pass_obj
    def publish(session: Session, key: str, version: int | None) -> None:
        """Publish a version of the model KEY: everybody gets its traits. Again, to bring them up to date."""
        done = _publish(session, kind, key, version)
        if session.as_json:
            session.answer(done)
        else:
            show_published(session, done)

    @group.command("withdraw")
    @click.argument("key")
    @click.pass_obj
    def withdraw(session: Session, key: str) -> None:
        """Publish no version of the model KEY any more: its traits are removed from everybody."""
        from coterie.engine.learning.renewal import withdraw as take

        done = take(session.project(), kind, key, by="cli")
        if session.as_json:
            session.answer(done)
        else:
            session.console().print(f"[green]withdrawn[/] {key}: {done.people:,} people had its traits")


def _fit(session: Session, kind: Kind, key: str, when: str | None, then_publish: bool, page: Path | None) -> int:
    from coterie.cli.exits import INVALID, OK
    from coterie.engine.learning import scoring
    from coterie.model import Undetermined

    project = session.project()
    at = instant_at(session, project, when)
    with session.progress(f"fitting {key}", 1.0) as bar:
        found = scoring.fit(project, kind, key, at, lambda doing, share: bar.move(share, doing), by="cli")
    if isinstance(found, Undetermined):
        if session.as_json:
            session.answer({"undetermined": found.reason})
        else:
            session.console().print(f"[yellow]nothing can be said:[/] {found.reason}")
        return INVALID
    _page(session, found, page)
    done = _publish(session, kind, key, found.version) if then_publish else None
    show_fit(session, found, published=done)
    if done is not None and not session.as_json:
        show_published(session, done)
    return OK


def _score(
    session: Session, kind: Kind, key: str, when: str | None, version: int | None, top: int, path: Path | None
) -> None:
    from coterie.engine.learning import scoring

    project = session.project()
    artefact = scoring.model_then(project, kind, key, version)
    at = instant_at(session, project, when)
    found = scoring.scored(project, artefact, at)
    table = scoring.table_of(found)
    if path is not None:
        from coterie.engine.exporting.targets import write_table

        write_table(table, path)
        session.remark(f"written: {path} ({table.num_rows:,} people)")
    if session.as_json:
        told = {"key": key, "version": artefact.version, "at": at, "expired": found.expired, "people": table.num_rows}
        told["warnings"] = artefact.warnings  # why a number is null is among them
        session.answer({**told, "scores": table.slice(0, top).to_pylist()})
        return
    _show_table(session, table.slice(0, top))
    session.remark(f"{table.num_rows:,} people by version {artefact.version}")
    if found.expired:
        session.remark(f"this version is older than it was said to hold: coterie {kind} fit {key}")


def _publish(session: Session, kind: Kind, key: str, version: int | None) -> Any:
    from coterie.engine.learning.scoring import publish_scores

    with session.progress(f"publishing {key}", 1.0) as bar:
        return publish_scores(
            session.project(), kind, key, version, by="cli", told=lambda doing, share: bar.move(share, doing)
        )


def _page(session: Session, artefact: Artefact, path: Path | None) -> None:
    if path is None:
        return
    from coterie.engine.learning.score_page import score_page

    path.write_text(score_page(artefact), encoding="utf-8")
    session.remark(f"written: {path}")


def _show_table(session: Session, table: Any) -> None:
    from rich.markup import escape

    from coterie.cli.tables import plain_table

    names = table.column_names
    shown = plain_table(*(name.replace("_", " ") for name in names), right=[one.replace("_", " ") for one in names[1:]])
    for row in table.to_pylist():
        cells = [_shown(row[name]) for name in names[1:]]
        shown.add_row(f"[bold cyan]{escape(row['profile'])}[/]", *cells)
    session.console().print(shown)


def show_published(session: Session, done: Any) -> None:
    """Say what a publication came to."""
    changes = "" if done.changes is None else f", {done.changes:,} membership changes followed"
    session.console().print(
        f"[green]published[/] {done.key} version {done.version}: {done.people:,} people, "
        f"something new of {done.written:,}{changes}"
    )


def show_fit(session: Session, artefact: Artefact, published: Any = None) -> None:
    """Show a version: its numbers with their errors, how it did on what it had not seen, and every warning."""
    if session.as_json:
        names = ("kind", "key", "version", "fitted_at", "as_of", "people", "quality", "warnings", "valid_until")
        told = {name: getattr(artefact, name) for name in names}
        session.answer({**told, "published": published} if published is not None else told)
        return
    from coterie.cli.tables import plain_table

    console, quality = session.console(), artefact.quality
    console.print(f"[bold cyan]{artefact.key}[/] version {artefact.version}: {artefact.people:,} people")
    if artefact.kind == "value":
        table = plain_table("model", "parameter", "value", "standard error", right=("value", "standard error"))
        for name in ("purchases", "money"):
            for key, number in quality.get(name, {}).get("parameters", {}).items():
                table.add_row(name, key, f"{number:,.4f}", _said(quality[name]["standard_errors"][key], ",.4f"))
        console.print(table)
        _show_held_out(session, quality["held_out"])
    else:
        _show_chances(session, quality)
    for one in artefact.warnings:
        console.print(f"[yellow]note:[/] {one}")


def _show_held_out(session: Session, held: Any) -> None:
    from coterie.cli.tables import plain_table

    console = session.console()
    if "undetermined" in held:
        return
    console.print(
        f"held out {held['days']:.0f} days: foreseen {held['predicted']:,.0f} purchases, made {held['actual']:,.0f}; "
        f"per person off by {held['rmse']:.2f} (one's own pace: {held['naive_rmse']:.2f}); "
        f"money foreseen per money spent {_said(held['money_ratio'], '.2f')}"
    )
    table = plain_table(
        "bought again before", "people", "foreseen", "made", "± error", right=("people", "foreseen", "made", "± error")
    )
    for one in held["by_repeats"]:
        error = "" if one["error"] is None else f"{one['error']:.3f}"
        table.add_row(one["group"], f"{one['people']:,}", f"{one['predicted']:.3f}", f"{one['actual']:.3f}", error)
    console.print(table)


def _show_chances(session: Session, quality: Any) -> None:
    from coterie.cli.tables import plain_table

    console, told, held = session.console(), quality["auc"], quality["reliability"]
    area = told.get("undetermined") or f"{told['value']:.3f} (95 %: {told['low']:.3f} to {told['high']:.3f})"
    console.print(f"ranks with an AUC of {area}")
    console.print(
        f"says {held['predicted']:.2%} on average where {held['observed']:.2%} happened; "
        f"off by {held['ece']:.2%} within tenths; lift of the highest tenth {_said(held['lift'], '.1f')}"
    )
    if "tested_at" in quality:
        session.remark(f"tested as of {quality['tested_at'][0]}, on nothing that it had learned from")
    table = plain_table("people", "said", "happened", "95 % interval", right=("people", "said", "happened"))
    for one in held["bins"]:
        table.add_row(
            f"{one['people']:,}",
            f"{one['predicted']:.2%}",
            f"{one['observed']:.2%}",
            f"{one['low']:.2%} to {one['high']:.2%}",
        )
    console.print(table)
    features = plain_table("feature", "share of the gain", right=("share of the gain",))
    for one in quality["influences"][:8]:
        features.add_row(one["feature"], f"{one['share']:.1%}")
    console.print(features)


def _shown(number: float | None) -> str:
    if number is None:
        return "[dim]unknown[/]"
    return f"{number:,.0f}" if abs(number) >= 1_000 else f"{number:,.4g}"


def _said(value: Any, form: str) -> str:
    return "[dim]unknown[/]" if value is None or isinstance(value, dict) else f"{value:{form}}"
