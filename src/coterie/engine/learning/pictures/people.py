"""Pictures of customers: the map, and the silhouettes."""

from __future__ import annotations

from collections.abc import Sequence

from coterie.clusters.labels import Ints
from coterie.clusters.pictures import Map, Silhouettes
from coterie.engine.learning.pictures.picture import HEIGHT, WIDTH, Picture, altair, colour_of, drawn, rows

NOBODY = "in no cluster"
METHODS = {"pca": "principal components", "tsne": "t-SNE", "umap": "UMAP"}


def map_picture(drawn_map: Map, labels: Ints, names: Sequence[str]) -> Picture:
    """Return the map with a colour per cluster. ``labels`` are of all rows of the matrix that was drawn; people are not named."""
    alt = altair()
    told = [
        {"x": round(float(x), 4), "y": round(float(y), 4), "cluster": names[label] if label >= 0 else NOBODY}
        for (x, y), label in zip(drawn_map.points, labels[drawn_map.rows].tolist(), strict=True)
    ]
    shown = alt.selection_point(fields=["cluster"], bind="legend", name="shown")
    zoom = alt.selection_interval(bind="scales", name="zoom")
    nobody = NOBODY if any(label < 0 for label in labels.tolist()) else None
    plain = alt.Axis(labels=False, ticks=False, grid=False, domain=False, title=None)
    chart = (
        alt.Chart(rows(told), name="map", width=WIDTH, height=440)
        .mark_circle(size=26)
        .encode(
            x=alt.X("x:Q", axis=plain, scale=alt.Scale(zero=False)),
            y=alt.Y("y:Q", axis=plain, scale=alt.Scale(zero=False)),
            color=alt.Color("cluster:N", scale=colour_of(names, nobody), legend=_legend(alt)),
            opacity=alt.condition(shown, alt.value(0.7), alt.value(0.04)),
            tooltip=["cluster:N"],
        )
        .add_params(shown, zoom)
    )
    said = (
        f"{len(told):,} of {len(labels):,} customers" if len(told) < len(labels) else f"all {len(labels):,} customers"
    )
    if drawn_map.method == "pca":
        reading = (
            f"The plane shows {drawn_map.kept or 0:.0%} of the variance; what overlaps here may be apart in the rest."
        )
    else:
        reading = "Who is close belongs together; distances between far groups, and how large or dense they look, mean nothing."
    caption = f"A dot is a customer: {said}. {reading} Click a name to see it alone; drag and scroll to move."
    return drawn(f"map-{drawn_map.method}", f"Map by {METHODS[drawn_map.method]}", caption, chart)


def silhouette_picture(found: Silhouettes, names: Sequence[str]) -> Picture:
    """Return the silhouettes, one thin bar per customer, in blocks by cluster, with the mean as a line."""
    alt = altair()
    told = [
        {"place": place, "silhouette": round(float(value), 4), "cluster": names[label]}
        for place, (value, label) in enumerate(zip(found.values, found.labels.tolist(), strict=True))
    ]
    bars = (
        alt.Chart(rows(told), width=WIDTH, height=HEIGHT)
        .mark_bar(width=max(WIDTH / max(len(told), 1), 0.7))
        .encode(
            x=alt.X("place:Q", axis=None, scale=alt.Scale(nice=False)),
            y=alt.Y("silhouette:Q", title="silhouette"),
            color=alt.Color("cluster:N", scale=colour_of(names), legend=_legend(alt)),
            tooltip=["cluster:N", alt.Tooltip("silhouette:Q", format=".2f")],
        )
    )
    mean = (
        alt.Chart(rows([{"mean": round(found.mean, 4)}])).mark_rule(strokeDash=[4, 4], color="#333").encode(y="mean:Q")
    )
    caption = (
        f"A bar is a customer: 1 is deep inside its cluster, 0 on the border, below 0 nearer to another. The mean is {found.mean:.2f} (dashed). "
        "Blocks of like height are clusters of like quality."
    )
    return drawn("silhouettes", "Silhouettes", caption, alt.layer(bars, mean))


def _legend(alt: object) -> object:
    return alt.Legend(title=None, orient="bottom", columns=2, symbolOpacity=1)  # type: ignore[attr-defined]
