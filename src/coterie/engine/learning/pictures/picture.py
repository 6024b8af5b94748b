"""One picture: a chart as a Vega-Lite specification with its data in it, drawn by the page or here as PNG."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from msgspec import Struct

from coterie.errors import not_installed

WIDTH, HEIGHT = 640, 360
"""Pixels of a chart's plane, without axes and titles."""
CONFIG: dict[str, Any] = {
    "font": "system-ui, sans-serif",
    "background": "white",
    "view": {"stroke": None},
    "axis": {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "titleColor": "#555", "labelColor": "#333", "gridColor": "#eee",
             "domainColor": "#999", "tickColor": "#999"},
    "legend": {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "labelLimit": 280},
    "title": {"fontSize": 13, "anchor": "start", "frame": "group", "fontWeight": "normal"},
}  # fmt: skip
"""How all charts look."""
COLOURS = (
    "#4c78a8", "#f58518", "#54a24b", "#e45756", "#72b7b2", "#b279a2", "#eeca3b", "#9d755d", "#ff9da6", "#2f4b7c", "#88d27a", "#7a5195",
)  # fmt: skip
"""Colours of clusters in their order; more clusters begin again. Nobody's is grey."""
GREY = "#bbb"


class Picture(Struct, frozen=True, kw_only=True):
    """A chart: its ``name`` (also of its PNG file), a title, words under it that say how to read it, and its specification."""

    name: str
    title: str
    caption: str
    spec: dict[str, Any]


def drawn(name: str, title: str, caption: str, chart: Any) -> Picture:
    """Return an Altair chart as a picture. Charts name their own parameters, so that the same data give the same text."""
    spec = chart.to_dict(validate=True)
    spec["config"] = CONFIG
    return Picture(name=name, title=title, caption=caption, spec=spec)


def rows(values: Sequence[dict[str, Any]]) -> Any:
    """Return records as the inline data of a chart."""
    return altair().InlineData(values=list(values))


def colour_of(names: Sequence[str], nobody: str | None = None) -> Any:
    """Return the scale that gives each name its colour, and grey to the name of those in no cluster."""
    domain = [*names, *((nobody,) if nobody is not None else ())]
    colours = [COLOURS[place % len(COLOURS)] for place in range(len(names))] + [GREY]
    return altair().Scale(domain=domain, range=colours[: len(domain)])


def altair() -> Any:
    """Return the library of charts. Raises: Problem that names the extra when it is not installed."""
    try:
        import altair as found
    except ModuleNotFoundError as error:
        raise not_installed("drawing", "learning") from error
    return found


def png(picture: Picture, scale: float = 2.0) -> bytes:
    """Return the picture as PNG, ``scale`` pixels per point. Nothing is fetched. Cost: about a second for the first, then a tenth."""
    found: bytes = _converter().vegalite_to_png(picture.spec, scale=scale, allowed_base_urls=[])
    return found


@cache
def bundle() -> str:
    """Return the script that draws pictures in a browser, whole (about 900 KB): ``vegaEmbed`` and what it needs."""
    text: str = _converter().javascript_bundle()
    return text


def _converter() -> Any:
    try:
        import vl_convert
    except ModuleNotFoundError as error:
        raise not_installed("drawing", "learning") from error
    return vl_convert
