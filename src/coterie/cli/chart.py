"""Sizes over time as a chart of text."""

from __future__ import annotations

from collections.abc import Sequence

LINES = 14
_DAY_US = 86_400_000_000


def chart(points: Sequence[tuple[int, int]], width: int, *, colour: bool) -> str:
    """Return (instant, size) points as a chart ``width`` columns wide, with dates below and sizes at the side."""
    import plotext

    from coterie.segments.instants import from_us

    form = "%Y-%m-%d" if points[-1][0] - points[0][0] > 3 * _DAY_US else "%m-%d %H:%M"
    figure = plotext.figure
    figure.clear()
    plotext.terminal.limit(False, False)
    figure.plot_size(width, LINES)
    figure.theme("simple")
    figure.canvas("default")
    figure.draw(figure.signal([at for at, _ in points], [size for _, size in points], marker="braille").lines())
    instants = [points[round(place * (len(points) - 1) / 5)][0] for place in range(6)]
    figure.ruler("x").ticks(instants, [from_us(at).strftime(form) for at in instants])
    top = max(size for _, size in points) or 1
    sizes = sorted({round(top * share / 4) for share in range(5)})
    figure.ruler("y").ticks(sizes, [f"{size:,}" for size in sizes])
    text = str(figure.build())
    return text if colour else str(plotext.uncolorize(text))
