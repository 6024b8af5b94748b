"""``coterie cluster``: groups nobody wrote down, found, chosen, explained, published and compared."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from coterie.cli.reported import Wanted, reported
from coterie.cli.session import Session, instant_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from coterie.engine.learning.publishing import Published
    from coterie.engine.project import Project
    from coterie.learned.definition import ClustersModel

AT = click.option("--at", "when", help="The instant as of which people are measured (default: the project's present).")
VERSION = click.option("--version", type=int, help="A version (default: the published one, else the newest).")


@click.group("cluster")
def command() -> None:
    """Find groups of people who are alike, name them, publish them as traits, and keep their names over refits."""


@command.command("list")
@click.pass_obj
def list_models(session: Session) -> None:
    """List the clusterings: what is written, fitted and published."""
    from coterie.engine.learning.overview import models_told

    project = session.project()
    found = [one for one in models_told(project, project.present()) if one.kind == "clusters"]
    if session.as_json:
        session.answer(found)
        return
    from coterie.cli.tables import plain_table
    from coterie.segments.instants import rfc3339

    table = plain_table(
        "model", "state", "versions", "published", "people", "fitted", "live", right=("versions", "published", "people")
    )
    for one in found:
        people = "" if one.people is None else f"{one.people:,}"
        fitted = "" if one.fitted_at is None else rfc3339(one.fitted_at)[:10]
        table.add_row(
            one.key,
            one.state,
            str(len(one.versions)),
            str(one.published or ""),
            people,
            fitted,
            "yes" if one.is_live else "",
        )
    session.console().print(table if found else "no models of clusters: write models/<key>.yaml with kind: clusters")


@command.command("fit")
@click.argument("key")
@AT
@reported
@click.option("--publish", "then_publish", is_flag=True, help="Publish it at once.")
@click.pass_obj
def fit(
    session: Session, key: str, when: str | None, page: Path | None, folder: Path | None, then_publish: bool
) -> None:
    """Fit the model KEY (models/KEY.yaml) as of an instant and keep it as the next version; clusters keep their names."""
    from coterie.engine.learning import clustering

    project, model = _model(session, key)
    at = instant_at(session, project, when)
    with _progress(session, f"fitting {key}") as told:
        found = clustering.fit(project, model, at, told)
        kept = clustering.keep(project, found, by="cli")
    Wanted(page, folder).write(session, "fit", project, found, kept)
    done = _published(session, project, key, kept.version) if then_publish else None
    if session.as_json:
        session.answer({**_fitted(kept), "published": done})
        return
    from coterie.cli.clusters_shown import show_fit, show_published

    show_fit(session, kept)
    if done is not None:
        show_published(session, done)


@command.command("choose")
@click.argument("key")
@AT
@reported
@click.pass_obj
def choose(session: Session, key: str, when: str | None, page: Path | None, folder: Path | None) -> None:
    """Show every criterion for every number of clusters, whether there is structure at all, and what to take. Keeps nothing."""
    from coterie.engine.learning import clustering
    from coterie.engine.learning.artefacts import choice_told

    project, model = _model(session, key)
    at = instant_at(session, project, when)
    with _progress(session, f"choosing for {key}") as told:
        ready, choice = clustering.choose(project, model, at, told)
    Wanted(page, folder).write(session, "choose", project, ready, choice)
    if session.as_json:
        session.answer(choice_told(choice))
    else:
        from coterie.cli.clusters_shown import show_choice

        show_choice(session, choice)


@command.command("explain")
@click.argument("key")
@VERSION
@click.option("--members", is_flag=True, help="Name typical and border members too.")
@click.option("--save", "cluster", metavar="CLUSTER", help="Write the short rule of this cluster as a segment.")
@click.option("--as", "segment", metavar="SEGMENT", help="Key of that segment (default: MODEL-CLUSTER).")
@reported
@click.pass_obj
def explain(
    session: Session,
    key: str,
    version: int | None,
    members: bool,
    cluster: str | None,
    segment: str | None,
    page: Path | None,
    folder: Path | None,
) -> None:
    """Say what each cluster is: size, share of revenue, what is different, a short rule that can become a segment."""
    from coterie.engine.learning import explaining

    project = session.project()
    told = explaining.explained(project, key, version, members=members)
    Wanted(page, folder).write(session, "explain", project, key, told.version)
    saved = explaining.save_rule(project, told, cluster, segment) if cluster is not None else None
    if session.as_json:
        session.answer({"explained": told, "segment": saved} if cluster is not None else told)
        return
    from coterie.cli.clusters_shown import show_explained

    show_explained(session, told)
    if saved is not None:
        click.echo(f"{click.style('written:', fg='green')} {saved.path}; put it into force: coterie apply")


@command.command("publish")
@click.argument("key")
@VERSION
@click.pass_obj
def publish(session: Session, key: str, version: int | None) -> None:
    """Publish a version (default: the newest): everybody gets the traits cluster.KEY, cluster_distance.KEY, cluster_version.KEY."""
    done = _published(session, session.project(), key, version)
    if session.as_json:
        session.answer(done)
        return
    from coterie.cli.clusters_shown import show_published

    show_published(session, done)


@command.command("withdraw")
@click.argument("key")
@click.pass_obj
def withdraw(session: Session, key: str) -> None:
    """Publish no version of KEY any more: its traits are removed from everybody."""
    from coterie.engine.learning.publishing import withdraw_clusters

    done = withdraw_clusters(session.project(), key, by="cli")
    if session.as_json:
        session.answer(done)
    else:
        session.console().print(f"[green]withdrawn[/] {key}: {done.people:,} people had its traits")


@command.command("compare")
@click.argument("key")
@click.option("--old", type=int, help="A version (default: the published one, else the one before the newest).")
@click.option("--new", type=int, help="A version (default: the newest).")
@AT
@reported
@click.pass_obj
def compare(
    session: Session,
    key: str,
    old: int | None,
    new: int | None,
    when: str | None,
    page: Path | None,
    folder: Path | None,
) -> None:
    """Compare two versions on the same people: who moves, which clusters go on, split, merge, are new or gone."""
    from coterie.engine.learning.comparing import compare as compared

    project = session.project()
    found = compared(project, key, old, new, instant_at(session, project, when))
    Wanted(page, folder).write(session, "compare", project, found)
    if session.as_json:
        session.answer(found)
    else:
        from coterie.cli.clusters_shown import show_compared

        show_compared(session, found)


# ── shared ───────────────────────────────────────────────────────────────────────────────────────────────────


def _model(session: Session, key: str) -> tuple[Project, ClustersModel]:
    from coterie.engine.learning.models import definition
    from coterie.learned.definition import ClustersModel

    project = session.project()
    model = definition(project, key, "clusters")
    assert isinstance(model, ClustersModel)  # asked for by its kind
    return project, model


@contextmanager
def _progress(session: Session, title: str) -> Iterator[Callable[[str, float], None]]:
    with session.progress(title, 1.0) as bar:
        yield lambda doing, share: bar.move(share, doing)


def _published(session: Session, project: Project, key: str, version: int | None) -> Published:
    from coterie.engine.learning.publishing import publish_clusters

    with _progress(session, f"publishing {key}") as told:
        return publish_clusters(project, key, version, by="cli", told=told)


def _fitted(kept: Any) -> dict[str, Any]:
    names = ("key", "version", "fitted_at", "as_of", "people", "quality", "warnings", "valid_until")
    return {**{name: getattr(kept, name) for name in names}, "clusters": kept.parameters["clusters"]}
