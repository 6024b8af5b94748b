"""``coterie thresholds``: published numbers of population-relative segments."""

from __future__ import annotations

import click

from coterie.cli.session import Session, instant_at


@click.command("thresholds")
@click.argument("key")
@click.option("--at", help="Measure the population at this instant (default: the project's present).")
@click.option("--list", "only_list", is_flag=True, help="Only list the versions that are published.")
@click.pass_obj
def command(session: Session, key: str, at: str | None, only_list: bool) -> None:
    """Measure everybody for the `top` and `rfm` conditions of the segment KEY and publish the cut points as a new version.

    The segment uses them when its definition names the version: `thresholds: 2`. A published version never changes.
    """
    project = session.project()
    if only_list:
        versions = {version: project.thresholds.load(key, version) for version in project.thresholds.versions(key)}
        if session.as_json:
            session.answer(versions)
        for version, numbers in versions.items() if not session.as_json else ():
            click.echo(f"{key}@{version}  {numbers.get('published_at', '')}  {numbers['cuts']}")
        return
    from coterie.engine.publication import publish

    done = publish(project, key, instant_at(session, project, at))
    if session.as_json:
        session.answer(done)
        return
    from coterie.cli.tables import plain_table

    table = plain_table("measure", "cuts", styles={"measure": "bold cyan"})
    for name, cuts in done.cuts.items():
        table.add_row(name, "  ".join(f"{cut:,.6g}" for cut in cuts) or "[dim]nobody was measured[/]")
    console = session.console()
    console.print(table)
    console.print(f"[green]published[/] thresholds/{key}@{done.version}.yaml from {done.people:,} people")
    if done.written != done.version:
        session.remark(
            f"to use them, say thresholds: {done.version} in segments/{key}.yaml, then: coterie plan, coterie apply"
        )
