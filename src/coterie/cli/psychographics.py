"""``coterie features interests`` and ``coterie features text``: what people look at, and what they write, learned and published."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from coterie.cli.session import Session, instant_at

if TYPE_CHECKING:
    from coterie.features.table import FeatureTable
    from coterie.learned.artefact import Artefact

Kind = Literal["interests", "text"]
VERSION = click.option("--version", type=int, help="A version (default: the newest).")


@click.group("interests")
def interests() -> None:
    """What people look at more than others do: models of the kind interests."""


@click.group("text")
def text() -> None:
    """The tone and the topics of what people wrote: models of the kind text."""


def _add(group: click.Group, kind: Kind) -> None:
    @group.command("fit")
    @click.argument("key")
    @click.option("--at", "when", help="The instant as of which events count (default: the project's present).")
    @click.pass_obj
    def fit(session: Session, key: str, when: str | None) -> None:
        """Learn the model KEY (models/KEY.yaml) from the log, and keep it as the next version."""
        _fit(session, kind, key, when)

    @group.command("score")
    @click.argument("key")
    @click.option("--at", "when", help="The instant as of which events count (default: the project's present).")
    @VERSION
    @click.option("--to", "path", type=click.Path(path_type=Path), help="Write everybody here: .csv or .parquet.")
    @click.pass_obj
    def score(session: Session, key: str, when: str | None, version: int | None, path: Path | None) -> None:
        """Say what the model KEY says of everybody. Nothing is published by that."""
        _score(session, kind, key, when, version, path)

    @group.command("publish")
    @click.argument("key")
    @VERSION
    @click.pass_obj
    def publish(session: Session, key: str, version: int | None) -> None:
        """Publish a version of the model KEY: everybody gets its traits. Again, to bring them up to date."""
        _publish(session, kind, key, version)

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


_add(interests, "interests")
_add(text, "text")


def _fit(session: Session, kind: Kind, key: str, when: str | None) -> None:
    from coterie.engine.learning.models import definition, models_of
    from coterie.engine.learning.psychographic import fit as fitted
    from coterie.learned.definition import InterestsModel, TextModel

    project = session.project()
    model = definition(project, key, kind)
    assert isinstance(model, InterestsModel | TextModel)  # the kind was asked for
    at = instant_at(session, project, when)
    with session.progress(f"learning {key}", 1.0) as bar:
        artefact = fitted(project, model, at, lambda doing, share: bar.move(share, doing))
    artefact = models_of(project).save(artefact, by="cli")
    if session.as_json:
        names = ("kind", "key", "version", "fitted_at", "as_of", "people", "quality", "valid_until")
        session.answer({name: getattr(artefact, name) for name in names})
        return
    _show_fit(session, artefact)


def _publish(session: Session, kind: Kind, key: str, version: int | None) -> None:
    from coterie.engine.learning.psychographic import publish as put

    with session.progress(f"publishing {key}", 1.0) as bar:
        done = put(session.project(), kind, key, version, by="cli", told=lambda doing, share: bar.move(share, doing))
    if session.as_json:
        told = {"key": key, "version": done.artefact.version, "people": len(done.table)}
        session.answer(told | {"written": done.written.people, "changes": done.written.changes, "at": done.written.at})
        return
    written = done.written
    session.console().print(
        f"[green]published[/] {key} version {done.artefact.version}: {len(done.table):,} people, something new of "
        f"{written.people:,}, {written.changes or 0:,} membership changes followed"
    )


def _show_fit(session: Session, artefact: Artefact) -> None:
    from rich.markup import escape

    console, quality = session.console(), artefact.quality
    word, names = ("words", "topics") if artefact.kind == "text" else ("categories", "axes")
    console.print(
        f"[bold cyan]{artefact.key}[/] version {artefact.version}: {artefact.people:,} people, {quality[word]:,} {word}; "
        f"the axes keep {quality['kept']:.0%} of what tells people apart"
    )
    for number, name in enumerate(quality[names], 1):
        console.print(f"  {number}. {escape(name)}")


def _score(session: Session, kind: Kind, key: str, when: str | None, version: int | None, path: Path | None) -> None:
    from coterie.engine.learning.models import models_of
    from coterie.engine.learning.psychographic import scored

    project = session.project()
    artefact = models_of(project).load(kind, key, version)
    table = scored(project, artefact, instant_at(session, project, when))
    if path is not None:
        from coterie.engine.exporting.targets import write_table
        from coterie.engine.learning.tables import arrow_of

        write_table(arrow_of(table), path)
        session.remark(f"written: {path}")
    from coterie.engine.learning.features import summaries

    if session.as_json:
        told: dict[str, Any] = {"key": key, "version": artefact.version, "at": table.at, "people": len(table)}
        session.answer(told | {"features": summaries(table)})
        return
    _show_scores(session, table)


def _show_scores(session: Session, table: FeatureTable) -> None:
    from collections import Counter

    from rich.markup import escape

    from coterie.cli.tables import plain_table

    console = session.console()
    (category,) = (one for one in table.columns if one.kind == "category")
    counts = Counter("[dim]nothing is said[/]" if one is None else escape(one) for one in category.values.tolist())
    shown = plain_table(category.name, "people", right=("people",), styles={category.name: "bold cyan"})
    for name, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:20]:
        shown.add_row(name, f"{count:,}")
    console.print(shown)
