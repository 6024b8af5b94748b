"""What the demo shows: live tables on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType

import plotext
from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live as Screen
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from coterie.cli.demo_proof import Proof
from coterie.segments.instants import from_us

BLOCKS = " ▁▂▃▄▅▆▇█"
TAPE_LINES = 9
CURVE_COLUMNS = 44
CHART_LINES = 16
SPOKEN = 11
"""Columns of a segment's size where there is no terminal."""
COLOURS = ("bright_blue", "bright_green", "bright_red", "cyan", "magenta", "yellow", "white")
"""The first three are those of the chart's curves."""
DIRECTION = {"entered": Text("→ in ", "green"), "exited": Text("← out", "red")}


def spark(values: Sequence[int], width: int) -> str:
    """Return the last ``width`` values as a line of blocks, the largest one full height."""
    shown = list(values)[-width:]
    top = max(shown, default=0) or 1
    return "".join(BLOCKS[round(value / top * (len(BLOCKS) - 1))] for value in shown)


def day(at: int) -> str:
    return from_us(at).strftime("%a %d %b")


def clock(at: int) -> str:
    return from_us(at).strftime("%a %d %b %H:%M")


class Theatre:
    """The console of a demo: numbered scenes, and a stage that is redrawn while the shop is open."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._scenes = 0

    def scene(self, title: str, words: str = "") -> None:
        """Begin the next numbered part."""
        self._scenes += 1
        self.console.print()
        self.console.print(Text.assemble((f" {self._scenes} ", "reverse bold cyan"), " ", (title, "bold")))
        if words:
            self.console.print(Text(words, "dim"))

    def say(self, markup: str) -> None:
        self.console.print(markup, highlight=False)

    def pairs(self, rows: Sequence[tuple[str, str]]) -> None:
        """Say pairs of a name and a sentence, the sentences below each other."""
        grid = Table.grid(padding=(0, 2))
        for name, sentence in rows:
            grid.add_row("", Text(name, "bold", no_wrap=True), Text(sentence, "dim"))
        self.console.print(grid)

    def bar(self, words: str, total: int) -> Bar:
        return Bar(self.console, words, total)

    def wait(self, words: str) -> AbstractContextManager[object]:
        """Show that something takes a while, where somebody can see it."""
        return self.console.status(f"[dim]{words} …[/]") if self.console.is_interactive else nullcontext()


class Bar:
    """A progress bar; one line when it ends where there is no terminal."""

    def __init__(self, console: Console, words: str, total: int) -> None:
        columns = (
            TextColumn("  {task.description}"),
            BarColumn(40),
            TextColumn("{task.completed:>10,.0f} {task.fields[rate]}"),
        )
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_interactive)
        self._task = self._progress.add_task(words, total=total, rate="")

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def advance(self, by: int, rate: str = "") -> None:
        self._progress.update(self._task, advance=by, rate=rate)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()


class Stage:
    """Sizes, their curves, the tape of changes, mails and the shop's clock, while the shop is open."""

    def __init__(self, console: Console, titles: Mapping[str, str], start: int, end: int) -> None:
        self._console, self._titles, self._start, self._end = console, titles, start, end
        self.curves: dict[str, list[tuple[int, int]]] = {key: [] for key in titles}
        """Segment → (instant, size) as they were shown."""
        self._tape: deque[tuple[int, str, str, str, str]] = deque(maxlen=TAPE_LINES)
        self._at, self._figures = start, ""
        self._screen = Screen(console=console, refresh_per_second=8, transient=True) if console.is_interactive else None
        self._spoken = -1

    def __enter__(self) -> Stage:
        if self._screen:
            self._screen.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._screen:
            self._screen.stop()

    def show(self, at: int, counts: Mapping[str, int], figures: str) -> None:
        """Take in the sizes at the shop's instant ``at``, and what is to be said of the traffic."""
        self._at, self._figures = at, figures
        for key, size in counts.items():
            self.curves[key].append((at, size))
        if self._screen:
            self._screen.update(self._picture())
        else:
            self._speak(counts)

    def tape(self, at: int, direction: str, person: str, segment: str, cause: str) -> None:
        """Add a change to the tape."""
        self._tape.append((at, direction, person, segment, cause))

    def _speak(self, counts: Mapping[str, int]) -> None:
        if self._spoken < 0:
            heads = "".join(
                f"{title.replace('High Intent but ', '')[:SPOKEN]:>{SPOKEN + 1}}" for title in self._titles.values()
            )
            self._console.print(f"  {'':<16}{heads}", style="dim", soft_wrap=True)
        tenth = 10 * (self._at - self._start) // max(self._end - self._start, 1)
        if tenth > self._spoken:
            self._spoken = tenth
            sizes = "".join(f"{counts.get(key, 0):>{SPOKEN + 1},}" for key in self._titles)
            self._console.print(f"  {clock(self._at)}{sizes}", soft_wrap=True)

    def _picture(self) -> RenderableType:
        share = min((self._at - self._start) / max(self._end - self._start, 1), 1.0)
        bar = "━" * round(30 * share)
        head = Text.assemble(
            "  ",
            (clock(self._at), "bold white"),
            "  ",
            (bar, "cyan"),
            ("━" * (30 - len(bar)), "grey30"),
            f"  {self._figures}",
        )
        return Group(head, self.sizes(), self.changes())

    def sizes(self) -> Table:
        """Return the table of segments with their sizes and curves."""
        table = Table(box=box.SIMPLE, show_header=True, header_style="dim", pad_edge=False, padding=(0, 1))
        table.add_column("segment")
        table.add_column("people", justify="right")
        table.add_column("change", justify="right")
        table.add_column("while you watched", no_wrap=True)
        for colour, (key, title) in zip(COLOURS, self._titles.items(), strict=False):
            curve = [size for _, size in self.curves[key]]
            low = min(curve, default=0)
            step = max(len(curve) // CURVE_COLUMNS, 1)
            moved = curve[-1] - curve[0] if curve else 0
            table.add_row(
                Text(title, colour),
                f"{curve[-1] if curve else 0:,}",
                Text(f"{moved:+,}" if moved else "", "green" if moved > 0 else "red"),
                Text(spark([size - low for size in curve[::step]], CURVE_COLUMNS), colour),
            )
        return table

    def changes(self) -> Panel:
        """Return the tape of the newest changes."""
        table = Table.grid(padding=(0, 1))
        for at, direction, person, segment, cause in self._tape:
            table.add_row(
                Text(clock(at), "dim"),
                DIRECTION[direction],
                Text(person, "bold", no_wrap=True),
                Text(self._titles.get(segment, segment), no_wrap=True),
                Text(cause, "dim"),
            )
        return Panel(
            table,
            title="membership changes, as the stream tells them",
            title_align="left",
            border_style="grey37",
            height=TAPE_LINES + 2,
            width=min(96, self._console.width),
        )


def chart(
    curves: Mapping[str, Sequence[tuple[int, int]]], titles: Mapping[str, str], width: int, *, colour: bool
) -> str:
    """Return sizes over time, (instant, size) per segment, as a chart of text ``width`` columns wide."""
    figure = plotext.figure
    figure.clear()
    plotext.terminal.limit(False, False)
    figure.plot_size(width, CHART_LINES)
    figure.theme("simple")
    figure.canvas("default")
    for key, points in curves.items():
        signal = figure.signal([at for at, _ in points], [size for _, size in points], marker="braille")
        figure.draw(signal.lines().label(titles[key]))
    instants = sorted({at for points in curves.values() for at, _ in points})
    days = instants[:: max(len(instants) // 6, 1)]
    figure.ruler("x").ticks(days, [day(at) for at in days])
    top = max((size for points in curves.values() for _, size in points), default=0)
    sizes = [round(top * share / 4) for share in range(5)]
    figure.ruler("y").ticks(sizes, [f"{size:,}" for size in sizes])
    text = str(figure.build())
    return text if colour else plotext.uncolorize(text)


def proof_table(proofs: Sequence[Proof], titles: Mapping[str, str]) -> Table:
    """Return the table of what was compared, segment by segment."""
    table = Table(box=box.SIMPLE, header_style="dim", pad_edge=False, padding=(0, 1))
    table.add_column("segment")
    for head in ("judged", "members", "live = SQL", "sampled", "live = oracle"):
        table.add_column(head, justify="right" if head in ("judged", "members", "sampled") else "center")
    for proof in proofs:
        table.add_row(
            titles.get(proof.key, proof.key),
            f"{proof.people:,}",
            f"{proof.members:,}",
            _verdict(proof.batch_differs),
            f"{proof.sampled:,}",
            _verdict(proof.oracle_differs),
        )
    return table


def _verdict(differs: int) -> Text:
    return Text(f"{differs:,} differ", "bold red") if differs else Text("✓", "bold green")
