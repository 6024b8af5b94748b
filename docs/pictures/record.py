"""Write ``demo.svg`` beside this file from a real run of the demo: ``python docs/pictures/record.py [PEOPLE EVENTS SECONDS]``."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from coterie.cli.demo import EVENTS, PEOPLE, SECONDS
from coterie.cli.demo_scenes import Wish, play
from coterie.cli.session import Session

WIDTH = 104
FONT_FACES = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
LEFT_OUT = re.compile(
    r"^  (Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d\d |^ {18} +[A-Z]|^    coterie --project|segments/\*\.yaml|--keep"
)
"""Lines that would make the picture long: the sizes along the way, and what to try next."""


class Recorder(Session):
    """A session whose answers are remembered with their colours."""

    def __init__(self) -> None:
        super().__init__(None, as_json=False, quiet=False)
        self.screen = _console()

    def console(self) -> Console:
        return self.screen


def _console() -> Console:
    return Console(
        record=True,
        width=WIDTH,
        force_terminal=True,
        force_interactive=False,
        color_system="truecolor",
        highlight=False,
    )


def record(people: int, events: int, seconds: int) -> str:
    """Return the demo as it looked, as an SVG picture that fetches nothing from elsewhere."""
    recorder = Recorder()
    with TemporaryDirectory() as folder:
        play(recorder, Wish(people=people, events=events, seconds=seconds, seed=7, out=Path(folder) / "demo"))
    told = recorder.screen.export_text(styles=True).replace(f"{folder}/", "").replace(" Try:", "")
    drawn = _console()
    drawn.print(Text("$ make demo", "bold"))
    for line in told.splitlines():
        text = Text.from_ansi(line)
        if not LEFT_OUT.search(text.plain):
            text.rstrip()
            drawn.print(text, no_wrap=True, overflow="ellipsis")
    return FONT_FACES.sub("", drawn.export_svg(title="coterie", theme=MONOKAI, unique_id="demo"))


if __name__ == "__main__":
    wish = [int(word) for word in sys.argv[1:4]] if len(sys.argv) > 3 else [PEOPLE, EVENTS, SECONDS]
    (Path(__file__).parent / "demo.svg").write_text(record(*wish), encoding="utf-8")
