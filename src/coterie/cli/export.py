"""``coterie export``: the star schema for BI tools."""

from __future__ import annotations

import click

from coterie.cli.session import Session


@click.command("export")
@click.argument("target")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["parquet", "csv", "hyper", "postgresql"]),
    help="Default: by the target: a .hyper file, a postgresql:// address, else a folder of Parquet files.",
)
@click.option("--table", "tables", multiple=True, help="Only this table (several times for more). Default: all five.")
@click.option(
    "--schema",
    default="coterie",
    show_default=True,
    help="The schema in PostgreSQL. Only these tables in it are replaced.",
)
@click.option(
    "--properties", "most", default=40, show_default=True, help="How many properties of events become columns."
)
@click.pass_obj
def command(session: Session, target: str, kind: str | None, tables: tuple[str, ...], schema: str, most: int) -> None:
    """Write profiles, events, memberships, segments and dates to TARGET, for Power BI, Tableau, Excel or SQL.

    TARGET is a folder (Parquet or CSV files), a file that ends in .hyper, or postgresql://user:password@host/database.
    An earlier export there is replaced when the new one is whole.
    """
    from coterie.cli.tables import plain_table
    from coterie.engine.exporting.export import export

    project = session.project()
    done = export(project, target, kind=kind or "", tables=tables, schema=schema, most_properties=most)
    if session.as_json:
        session.answer(done)
        return
    table = plain_table("table", "rows", right=("rows",))
    for name, rows in done.rows.items():
        table.add_row(name, f"{rows:,}")
    session.console().print(table)
    session.remark(f"{done.format} in {done.target}")
