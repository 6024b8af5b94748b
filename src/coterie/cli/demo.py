"""``coterie demo``: a simulated shop, segments that move, one person explained, everything verified."""

from __future__ import annotations

from pathlib import Path

import click

from coterie.cli.session import Session

PEOPLE, EVENTS, DAYS = 50_000, 2_000_000, 30
QUICK = 50
"""``--quick`` divides people and events by this."""


@click.command("demo")
@click.option("--people", type=click.IntRange(min=100), default=PEOPLE, show_default=True, help="People of the shop.")
@click.option("--events", type=click.IntRange(min=1_000), default=EVENTS, show_default=True, help="Events, about.")
@click.option("--days", type=click.IntRange(min=3), default=DAYS, show_default=True, help="Simulated days.")
@click.option("--seed", type=int, default=7, show_default=True, help="The same seed gives the same shop.")
@click.option("--quick", is_flag=True, help=f"One {QUICK}th of the people and events: a few seconds.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("demo"),
    show_default=True,
    help="The project folder to make. A demo that is there is replaced; anything else is refused.",
)
@click.pass_obj
def command(session: Session, people: int, events: int, days: int, seed: int, quick: bool, out: Path) -> int:
    """Simulate a shop, replay its history through the live reader, explain one person, and verify it all.

    Leaves an ordinary project folder behind, on which every other command can be tried.
    """
    from coterie.cli.demo_scenes import Wish, play

    share = QUICK if quick else 1
    wish = Wish(people=max(people // share, 100), events=max(events // share, 1_000), days=days, seed=seed, out=out)
    return play(session, wish)
