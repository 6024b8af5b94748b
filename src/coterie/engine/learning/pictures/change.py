"""Pictures of change: who moved where, what drifted, and whether what was said came true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from coterie.engine.learning.pictures.picture import HEIGHT, WIDTH, Picture, altair, drawn, rows


def migration_picture(counts: Sequence[Sequence[int]], before: Sequence[str], after: Sequence[str]) -> Picture:
    """Return the heat-map of who moved from which cluster (row) to which (column): shares of the row, with people in the tooltip."""
    alt = altair()
    told = []
    for name, row in zip(before, counts, strict=True):
        whole = sum(row)
        for other, count in zip(after, row, strict=True):
            share = count / whole if whole else 0.0
            told.append({"before": name, "after": other, "share": round(share, 4), "people": int(count)})
    base = alt.Chart(rows(told), width=max(110 * len(after), 330), height=max(44 * len(before), 90)).encode(
        x=alt.X("after:N", sort=list(after), title=None, axis=alt.Axis(labelAngle=-20, labelLimit=260, orient="top")),
        y=alt.Y("before:N", sort=list(before), title=None, axis=alt.Axis(labelLimit=240)),
        tooltip=["before:N", "after:N", alt.Tooltip("share:Q", format=".1%"), alt.Tooltip("people:Q", format=",")],
    )
    cells = base.mark_rect().encode(
        color=alt.Color("share:Q", scale=alt.Scale(range=["#f7fbff", "#08519c"], domain=[0, 1]), legend=None)
    )
    dark = alt.condition("datum.share > 0.55", alt.value("white"), alt.value("#222"))
    texts = base.mark_text(fontSize=12).encode(text=alt.Text("share:Q", format=".0%"), color=dark)
    caption = "Rows are before, columns after: read along a row where the people of a cluster are now. A strong diagonal means that people stay."
    return drawn("migration", "Who moved where", caption, alt.layer(cells, texts))


def drift_picture(
    values: Mapping[str, Mapping[str, float]], bound: float, *, measure: str = "PSI", title: str = "Drift of features"
) -> Picture:
    """Return the heat-map of a drift measure: a row per feature, a column per window or cluster; white is nothing, red is at or above the bound."""
    alt = altair()
    told = [
        {"feature": feature, "where": where, "value": round(value, 4)}
        for feature, row in values.items()
        for where, value in row.items()
    ]
    wheres = list(dict.fromkeys(one["where"] for one in told))
    base = alt.Chart(rows(told), width=max(80 * len(wheres), 300), height=max(28 * len(values), 80)).encode(
        x=alt.X("where:N", sort=wheres, title=None, axis=alt.Axis(labelAngle=-20, labelLimit=160, orient="top")),
        y=alt.Y("feature:N", sort=list(values), title=None, axis=alt.Axis(labelLimit=260)),
        tooltip=["feature:N", "where:N", alt.Tooltip("value:Q", title=measure)],
    )
    scale = alt.Scale(range=["#ffffff", "#b2182b"], domain=[0, 2 * bound], clamp=True)
    cells = base.mark_rect().encode(color=alt.Color("value:Q", scale=scale, legend=alt.Legend(title=measure)))
    dark = alt.condition(f"datum.value > {1.3 * bound}", alt.value("white"), alt.value("#222"))
    texts = base.mark_text(fontSize=11).encode(text=alt.Text("value:Q", format=".3f"), color=dark)
    caption = f"{measure} of each feature; from {bound:g} on it is worth a look, which is the middle of the colours."
    return drawn("drift", title, caption, alt.layer(cells, texts))


def lines_picture(
    series: Mapping[str, Sequence[tuple[str, float]]], name: str, title: str, caption: str, bound: float | None = None
) -> Picture:
    """Return one line per series over (day as YYYY-MM-DD, value), with an optional bound as a dashed line."""
    alt = altair()
    told = [{"day": day, "value": value, "series": key} for key, points in series.items() for day, value in points]
    lines = (
        alt.Chart(rows(told), width=WIDTH, height=260)
        .mark_line(point=True)
        .encode(
            x=alt.X("day:T", title=None),
            y=alt.Y("value:Q", title=None),
            color=alt.Color("series:N", sort=list(series), legend=alt.Legend(title=None, orient="bottom", columns=3)),
            tooltip=["series:N", "day:T", alt.Tooltip("value:Q", format=".3f")],
        )
    )
    layers = [lines]
    if bound is not None:
        layers.append(
            alt.Chart(rows([{"value": bound}])).mark_rule(strokeDash=[4, 4], color="#e45756").encode(y="value:Q")
        )
    return drawn(name, title, caption, alt.layer(*layers))


def calibration_picture(points: Sequence[tuple[float, float, float, float, int]], name: str = "calibration") -> Picture:
    """Return what was foreseen against what happened; ``points`` are (foreseen, happened, low, high, people). On the line, both are the same."""
    alt = altair()
    told = [
        {"foreseen": said, "happened": was, "low": low, "high": high, "people": people}
        for said, was, low, high, people in points
    ]
    most = max([1e-9, *(max(one["foreseen"], one["high"]) for one in told)])
    ends = alt.Scale(domain=[0, most])
    x, y = alt.X("foreseen:Q", scale=ends), alt.Y("happened:Q", scale=ends)
    line = alt.Chart(rows([{"foreseen": 0, "happened": 0}, {"foreseen": most, "happened": most}])).mark_line(
        color="#bbb", strokeDash=[4, 4]
    )
    base = alt.Chart(rows(told), width=HEIGHT, height=HEIGHT)
    layers = [
        line.encode(x=x, y=y),
        base.mark_rule(color="#4c78a8").encode(x=x, y=alt.Y("low:Q", scale=ends, title="happened"), y2="high:Q"),
        base.mark_circle(color="#4c78a8", size=70, opacity=1).encode(
            x=x,
            y=y,
            tooltip=[alt.Tooltip("foreseen:Q", format=".4g"), alt.Tooltip("happened:Q", format=".4g"), "people:Q"],
        ),
    ]
    caption = (
        "A dot is a group of customers with its 95 % interval. On the dashed line, what was foreseen is what happened."
    )
    return drawn(name, "Foreseen and happened", caption, alt.layer(*layers))
