"""``coterie demo``: a server, a simulated shop that sends it real traffic, and a live view of its segments."""

from __future__ import annotations

from pathlib import Path

import click

from coterie.cli.session import Session

PEOPLE, EVENTS, SECONDS = 20_000, 480_000, 60
QUICK = 10
"""``--quick`` divides people and events by this."""


@click.command("demo")
@click.option("--people", type=click.IntRange(min=200), default=PEOPLE, show_default=True, help="People of the shop.")
@click.option(
    "--events", type=click.IntRange(min=5_000), default=EVENTS, show_default=True, help="Events in 5 days, about."
)
@click.option(
    "--seconds", type=click.IntRange(min=3, max=110), default=SECONDS, show_default=True, help="Seconds of traffic."
)
@click.option("--seed", type=int, default=7, show_default=True, help="The same seed gives the same shop.")
@click.option("--quick", is_flag=True, help=f"One {QUICK}th of the people and events, a few seconds of traffic.")
@click.option("--keep", is_flag=True, help="Leave the server running at the end, until Ctrl+C.")
@click.option("--port", type=int, default=0, help="Port of the server (default: a free one).")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("demo"),
    show_default=True,
    help="The project folder to make. A demo that is there is replaced; anything else is refused.",
)
@click.pass_obj
def command(
    session: Session, people: int, events: int, seconds: int, seed: int, quick: bool, keep: bool, port: int, out: Path
) -> int:
    """Serve a shop and watch it: people enter and leave segments while events arrive over HTTP and time passes.

    The shop's clock runs 720 times as fast, so that half a day passes in a minute. One person is explained, a mail goes to a
    post office on this machine, and three readers prove the result. Leaves an ordinary project folder behind.
    """
    from coterie.cli.demo_scenes import Wish, play

    share = QUICK if quick else 1
    wish = Wish(
        people=max(people // share, 200), events=max(events // share, 5_000), seconds=6 if quick else seconds,
        seed=seed, keep=keep, port=port, out=out,
    )  # fmt: skip
    return play(session, wish)
